/** Measures in a child process, one model after another; the process is replaced when a model has ended it. */
import { type ChildProcess, fork } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { describeHere } from '../device/remote/measure-here.ts';
import type { DeviceMeasurement, DeviceProblem } from '../device/remote/wire.ts';
import { createOutputTail, exitReason } from '../execution/exit-reason.ts';
import type { MeasureJob } from './measure-worker.ts';
import { limitSeconds, type Measurer, problem } from './measurer.ts';

/** Beside this file, as TypeScript in a checkout and as JavaScript in the published package. */
const ENTRY = new URL(
  import.meta.url.endsWith('.ts') ? './measure-worker.ts' : './measure-worker.js',
  import.meta.url,
);

interface Worker {
  readonly child: ChildProcess;
  readonly tail: ReturnType<typeof createOutputTail>;
}

/** @param maxModelBytes as said of the device; who takes the models enforces it */
export function createProcessMeasurer(maxModelBytes: number): Measurer {
  let worker: Worker | null = null;

  const obtain = (): Worker => {
    if (worker?.child.connected && worker.child.exitCode === null) return worker;
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
    worker = { child, tail };
    return worker;
  };

  const measure: Measurer['measure'] = (model, parameters, signal) =>
    new Promise((resolve) => {
      const { child, tail } = obtain();
      const seconds = limitSeconds(parameters);
      let killedFor: string | null = null;
      const kill = (reason: string) => {
        killedFor = reason;
        child.kill('SIGKILL');
      };
      const timer = setTimeout(() => kill(`the model took longer than ${seconds} s`), seconds * 1000);
      const onAbort = () => kill('nobody waits for it any more');
      const settle = (answer: DeviceMeasurement | DeviceProblem) => {
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
        child.off('message', onMessage);
        child.off('exit', onExit);
        child.off('error', onError);
        resolve(answer);
      };
      const failed = (reason: string) =>
        settle(
          problem('DEVICE_ANSWER', reason, 'Try a smaller model, or look at it with `espalier inspect`.'),
        );
      const onMessage = (answer: DeviceMeasurement | DeviceProblem) => settle(answer);
      const onExit = (code: number | null, ended: NodeJS.Signals | null) =>
        failed(killedFor ?? exitReason(code, ended, tail.text()));
      const onError = (error: Error) => failed(`the measuring process failed: ${error.message}`);
      child.on('message', onMessage);
      child.on('exit', onExit);
      child.on('error', onError);
      if (signal.aborted) return onAbort();
      signal.addEventListener('abort', onAbort, { once: true });
      const job: MeasureJob = { model, parameters };
      child.send(job, () => {});
    });

  return {
    describe: () => describeHere(maxModelBytes),
    measure,
    close: async () => {
      const child = worker?.child;
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
      await new Promise((resolve) => {
        child.once('exit', resolve);
        // Between measurements it is idle, and in one nobody waits for it any more.
        child.kill('SIGKILL');
      });
    },
  };
}
