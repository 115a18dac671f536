/** One worker process as its parent sees it: started, given one job after another, watched, and killed when it must be. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { ALLOCATOR_TUNABLES } from '../process/allocator.ts';
import { createOutputTail, exitReason } from '../process/exit-reason.ts';
import type { CurvePoint } from '../study/trial.ts';
import type { ExclusiveGate, Resting } from './exclusive-gate.ts';
import type { Executor, JobOutcome } from './executor.ts';
import { failedOutcome, STOPPED } from './outcome.ts';
import type { FromWorker, ToWorker } from './protocol.ts';
import { CAN_READ_OTHERS, formatBytes, residentBytes } from './resident-memory.ts';

const MEMORY_INTERVAL_MS = 250;
/** How long an aborted job may take to reach its next step, and a closed worker to exit, before it is killed. */
const GRACE_MS = 1_500;
/** Node's timers hold no more. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
const START_LIMIT_MS = 120_000;

/** What a job may use up; a worker over a limit is killed and its trial failed. */
export interface WorkerLimits {
  /** Seconds a job may take; null for no limit. */
  readonly timeLimitSeconds: number | null;
  /** Resident bytes the worker may use; null for no limit. */
  readonly memoryLimitBytes: number | null;
}

export interface WorkerProcess {
  readonly pid: number;
  /** Resolves when the process has ended, for whatever reason. */
  readonly ended: Promise<string>;
  readonly alive: () => boolean;
  /** Runs one job; at most one at a time. Never rejects. */
  readonly run: Executor['run'];
  /** Lets the process exit, or kills it after a grace period. */
  readonly stop: () => Promise<void>;
}

/**
 * Starts `entry` (a `.ts` source through tsx, or compiled `.js`) and waits until it takes jobs. Rejects when it ends
 * before, as it does when the signal comes meanwhile.
 */
export async function startWorker(
  entry: URL,
  limits: WorkerLimits,
  gate: ExclusiveGate,
  signal: AbortSignal,
): Promise<WorkerProcess> {
  const child = fork(fileURLToPath(entry), [], {
    // tsx is resolved from this file: the working directory may be any folder of the user's.
    execArgv: entry.pathname.endsWith('.ts')
      ? ['--import', pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href]
      : [],
    // JSON would turn NaN into null.
    serialization: 'advanced',
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    // A setting of the user's stays.
    env: { GLIBC_TUNABLES: ALLOCATOR_TUNABLES, ...process.env },
  });
  const tail = createOutputTail();
  const outputs = [child.stdout, child.stderr].filter((output) => output !== null);
  for (const output of outputs) output.setEncoding('utf8').on('data', tail.add);

  const ended = new Promise<string>((resolve) => {
    // Not the `close` event, which Node 20 never emits after a disconnect: `exit`, and then the end of the output.
    child.once('exit', (code, signal) => {
      void Promise.all(outputs.map((output) => output.closed || once(output, 'close'))).then(() =>
        resolve(exitReason(code, signal, tail.text())),
      );
    });
    child.once('error', (error) => resolve(`the worker process could not be started: ${error.message}`));
  });
  // A message to a worker that has just died is reported through `ended`; without a listener it would end the parent.
  child.on('error', () => {});

  await new Promise<void>((resolve, reject) => {
    const kill = (): void => void child.kill('SIGKILL');
    const timer = setTimeout(kill, START_LIMIT_MS);
    signal.addEventListener('abort', kill, { once: true });
    const started = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', kill);
    };
    child.once('message', () => {
      started();
      resolve();
    });
    void ended.then((reason) => {
      started();
      reject(new Error(reason));
    });
  });

  const alive = () => child.exitCode === null && child.signalCode === null && child.connected;
  const resting = restingSide(child, ended);
  void ended.then(gate.join(resting));
  return {
    pid: child.pid ?? 0,
    ended,
    alive,
    run: (job, options) => runJob({ child, ended, limits, gate, resting }, job, options),
    stop: async () => {
      if (child.connected) child.disconnect();
      const timer = setTimeout(() => child.kill('SIGKILL'), GRACE_MS);
      await ended;
      clearTimeout(timer);
    },
  };
}

interface Handle {
  readonly child: ChildProcess;
  readonly ended: Promise<string>;
  readonly limits: WorkerLimits;
  readonly gate: ExclusiveGate;
  readonly resting: Resting;
}

/** The worker while another one measures alone. */
function restingSide(child: ChildProcess, ended: Promise<string>): Resting {
  const send = (message: ToWorker) => child.send(message, () => {});
  return {
    rest: () =>
      new Promise((resolve) => {
        const settle = (): void => {
          child.removeListener('message', onMessage);
          resolve();
        };
        const onMessage = (message: FromWorker): void => {
          if (message.type === 'resting') settle();
        };
        child.on('message', onMessage);
        void ended.then(settle);
        send({ type: 'rest' });
      }),
    wake: () => void send({ type: 'wake' }),
  };
}

/** A trial that was finished before its memory was looked at has none to tell. */
const withPeak = (outcome: JobOutcome, bytes: number): JobOutcome =>
  outcome.state === 'complete' && bytes > 0
    ? { ...outcome, measures: { ...outcome.measures, trainingMemoryBytes: bytes } }
    : outcome;

const runJob = (
  { child, ended, limits, gate, resting }: Handle,
  ...[job, { signal, onProgress }]: Parameters<Executor['run']>
): Promise<JobOutcome> =>
  new Promise((resolve) => {
    const curve: CurvePoint[] = [];
    const timers: NodeJS.Timeout[] = [];
    let killedFor: string | null = null;
    let peakBytes = 0;
    let settled = false;
    let leaveGate = () => {};

    const send = (message: ToWorker) => child.send(message, () => {});
    const kill = (reason: string) => {
      // A memory reading may come in after the job's end: it must not hit the next one.
      if (settled) return;
      killedFor ??= reason;
      child.kill('SIGKILL');
    };
    const settle = (outcome: JobOutcome) => {
      settled = true;
      for (const timer of timers) clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      child.removeListener('message', onMessage);
      leaveGate();
      resolve(outcome);
    };
    const checkMemory = (bytes: number | null) => {
      peakBytes = Math.max(peakBytes, bytes ?? 0);
      const limit = limits.memoryLimitBytes;
      if (bytes !== null && limit !== null && bytes > limit)
        kill(`out of memory: used ${formatBytes(bytes)} of ${formatBytes(limit)} allowed`);
    };
    const onAbort = () => {
      send({ type: 'abort' });
      timers.push(setTimeout(() => kill(STOPPED), GRACE_MS));
    };
    const onMessage = (message: FromWorker) => {
      switch (message.type) {
        case 'progress':
          if (message.progress.curve) curve.push(message.progress.curve);
          onProgress(message.progress);
          break;
        case 'wantExclusive':
          leaveGate = gate.enter(resting, () => send({ type: 'exclusiveGranted' }), message.alone);
          break;
        case 'exclusiveDone':
          leaveGate();
          break;
        case 'memory':
          checkMemory(message.bytes);
          break;
        case 'outcome':
          // What an aborted job still reports is not the result of its plan.
          settle(signal.aborted ? failedOutcome(STOPPED, curve) : withPeak(message.outcome, peakBytes));
          break;
        case 'ready':
        case 'resting':
          break;
      }
    };

    child.on('message', onMessage);
    void ended.then((reason) =>
      settle(failedOutcome(killedFor ?? (signal.aborted ? STOPPED : reason), curve)),
    );
    if (signal.aborted) return settle(failedOutcome(STOPPED));
    signal.addEventListener('abort', onAbort, { once: true });
    const seconds = job.timeLimitSeconds ?? limits.timeLimitSeconds;
    if (seconds !== null) {
      const reason = `time limit: took longer than ${seconds} s`;
      timers.push(setTimeout(() => kill(reason), Math.min(seconds * 1000, LONGEST_TIMER_MS)));
    }
    if (limits.memoryLimitBytes !== null && CAN_READ_OTHERS) {
      const watch = () => residentBytes(child.pid ?? 0).then(checkMemory);
      timers.push(setInterval(() => void watch(), MEMORY_INTERVAL_MS));
    }
    send({ type: 'run', job });
  });
