/** A process in which one model after another is measured: what it held before is its own, and a crash ends it alone. */
import { type ChildProcess, fork } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { fail } from '../errors.ts';
import { createOutputTail, exitReason } from './exit-reason.ts';
import type { MeasureJob } from './measure-worker.ts';
import type { DeviceMeasurement, DeviceProblem, MeasureParameters } from './remote/wire.ts';

/** Beside this file, as TypeScript in a checkout and as JavaScript in the published package. */
const ENTRY = new URL(
  import.meta.url.endsWith('.ts') ? './measure-worker.ts' : './measure-worker.js',
  import.meta.url,
);

/** Why there is no answer of the process. */
export interface NoAnswer {
  readonly reason: string;
}

export interface MeasureProcess {
  /** Takes another model. */
  readonly alive: () => boolean;
  /** One at a time. Never rejects. @param seconds after which the process is killed */
  readonly measure: (
    job: MeasureJob,
    seconds: number,
    signal: AbortSignal,
  ) => Promise<DeviceMeasurement | DeviceProblem | NoAnswer>;
  /** Resolves when it has ended. */
  readonly kill: () => Promise<void>;
}

export function startMeasureProcess(): MeasureProcess {
  const child = fork(fileURLToPath(ENTRY), [], {
    execArgv: ENTRY.pathname.endsWith('.ts')
      ? ['--import', pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href]
      : [],
    // Models cross as bytes, and JSON would turn NaN into null.
    serialization: 'advanced',
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const tail = createOutputTail();
  for (const output of [child.stdout, child.stderr]) output?.setEncoding('utf8').on('data', tail.add);
  return {
    alive: () => child.connected && child.exitCode === null,
    measure: (job, seconds, signal) => ask(child, tail, job, seconds, signal),
    kill: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      await new Promise((resolve) => {
        child.once('exit', resolve);
        child.kill('SIGKILL');
      });
    },
  };
}

const ask = (
  child: ChildProcess,
  tail: ReturnType<typeof createOutputTail>,
  job: MeasureJob,
  seconds: number,
  signal: AbortSignal,
): Promise<DeviceMeasurement | DeviceProblem | NoAnswer> =>
  new Promise((resolve) => {
    let killedFor: string | null = null;
    const kill = (reason: string) => {
      killedFor = reason;
      child.kill('SIGKILL');
    };
    const timer = setTimeout(() => kill(`the model took longer than ${seconds} s`), seconds * 1000);
    const onAbort = () => kill('nobody waits for it any more');
    const settle = (answer: DeviceMeasurement | DeviceProblem | NoAnswer) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      child.off('message', settle);
      child.off('exit', onExit);
      child.off('error', onError);
      resolve(answer);
    };
    const onExit = (code: number | null, ended: NodeJS.Signals | null) =>
      settle({ reason: killedFor ?? exitReason(code, ended, tail.text()) });
    const onError = (error: Error) => settle({ reason: `the measuring process failed: ${error.message}` });
    child.on('message', settle);
    child.on('exit', onExit);
    child.on('error', onError);
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    child.send(job, () => {});
  });

/** Enough to load any model that can be trained; a few runs are all that memory needs. */
const SECONDS = 60;
const RUNNING_SECONDS = 0.05;

/**
 * Resident bytes that loading and running `model` adds, in a process of its own. In this one, memory that others have given
 * back would be taken first and not be seen.
 * @throws DEVICE_MODEL when it does not run; what the signal was aborted with
 */
export async function peakMemoryOf(
  model: Uint8Array,
  { threads, signal }: { readonly threads: number; readonly signal: AbortSignal },
): Promise<number> {
  const measuring = startMeasureProcess();
  try {
    const parameters: MeasureParameters = {
      threads,
      maxSeconds: RUNNING_SECONDS,
      memory: true,
      shapes: {},
      outputs: false,
    };
    const answer = await measuring.measure({ model, parameters }, SECONDS, signal);
    signal.throwIfAborted();
    if ('p50Ms' in answer && answer.memory !== null) return answer.memory.addedBytes;
    const reason =
      'reason' in answer ? answer.reason : 'error' in answer ? answer.error.message : 'it gave none';
    return fail('DEVICE_MODEL', {
      device: 'here',
      reason: `its memory could not be measured: ${reason}`,
      hint: 'Look at the model with `espalier inspect`.',
    });
  } finally {
    await measuring.kill();
  }
}
