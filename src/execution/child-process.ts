/**
 * Runs trials in a pool of child processes: a crash, a kill, NaN or too much memory costs one trial, never the study.
 *
 * Workers are started when first needed and kept: each loads ONNX Runtime and the data set once. They run at the default
 * priority, sleep when they have no job, and exit with their parent.
 */

import { fail } from '../errors.ts';
import { createExclusiveGate } from './exclusive-gate.ts';
import type { Executor, JobOutcome } from './executor.ts';
import { failedOutcome, STOPPED } from './outcome.ts';
import { CAN_READ_OTHERS, residentBytes } from './resident-memory.ts';
import { startWorker, type WorkerLimits, type WorkerProcess } from './worker-process.ts';

/** How many worker processes run, what they load, and their limits, none by default. */
export interface ChildProcessOptions extends Partial<WorkerLimits> {
  /** How many trials run at once: worker processes, ≥ 1. */
  readonly slots: number;
  /** The worker's module: calls `serveJobs`. Espalier's own by default. */
  readonly entry?: URL;
}

/** Beside this file, as TypeScript in a checkout and as JavaScript in the published package. */
const OWN_ENTRY = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url);

/** A worker that holds more than this share of its limit when idle is replaced, so that no trial pays for an earlier one. */
const RECYCLE_SHARE = 0.5;

/**
 * An {@link Executor} over `slots` child processes, which are started when first needed, kept, and load ONNX Runtime
 * and the data set once. A crash, a kill or a limit that is exceeded costs one trial. `close` ends them all.
 * @throws USAGE when `slots` is no whole number above 0
 */
export function createChildProcessExecutor(options: ChildProcessOptions): Executor {
  const { slots, entry = OWN_ENTRY, timeLimitSeconds = null, memoryLimitBytes = null } = options;
  if (!(Number.isInteger(slots) && slots > 0))
    fail('USAGE', {
      what: `slots is ${slots}`,
      hint: 'Give how many trials may run at once, a whole number above 0.',
    });
  const gate = createExclusiveGate();
  const idle: WorkerProcess[] = [];
  /** Unfinished jobs with what aborts each. */
  const jobs = new Map<Promise<JobOutcome>, () => void>();
  let closed = false;
  const waiting: (() => void)[] = [];
  let free = slots;

  const acquire = (signal: AbortSignal): Promise<boolean> => {
    if (signal.aborted) return Promise.resolve(false);
    if (free > 0) {
      free--;
      return Promise.resolve(true);
    }
    return new Promise((resolve) => {
      const take = () => {
        signal.removeEventListener('abort', leave);
        resolve(true);
      };
      const leave = () => {
        waiting.splice(waiting.indexOf(take), 1);
        resolve(false);
      };
      waiting.push(take);
      signal.addEventListener('abort', leave, { once: true });
    });
  };
  const release = () => {
    const next = waiting.shift();
    if (next) next();
    else free++;
  };

  const obtain = async (signal: AbortSignal): Promise<WorkerProcess> => {
    for (let worker = idle.pop(); worker; worker = idle.pop()) if (worker.alive()) return worker;
    const start = () => startWorker(entry, { timeLimitSeconds, memoryLimitBytes }, gate, signal);
    // Once more: a worker that dies while it loads (a signal to the process group) says nothing about the trial.
    return start().catch((error) => {
      if (signal.aborted) throw error;
      return start();
    });
  };

  const putBack = async (worker: WorkerProcess): Promise<void> => {
    if (!worker.alive()) return;
    const bytes = CAN_READ_OTHERS && memoryLimitBytes !== null ? await residentBytes(worker.pid) : null;
    const tooBig = bytes !== null && memoryLimitBytes !== null && bytes > RECYCLE_SHARE * memoryLimitBytes;
    if (tooBig || closed) await worker.stop();
    else idle.push(worker);
  };

  const run: Executor['run'] = async (job, { signal, onProgress }) => {
    if (!(await acquire(signal))) return failedOutcome(STOPPED);
    try {
      const worker = await obtain(signal);
      const outcome = await worker.run(job, { signal, onProgress });
      await putBack(worker);
      return outcome;
    } catch (error) {
      if (signal.aborted) return failedOutcome(STOPPED);
      return failedOutcome(error instanceof Error ? error.message : String(error));
    } finally {
      release();
    }
  };

  return {
    slots,
    run: async (job, { signal, onProgress }) => {
      // One controller per job, which both the caller's signal and close() abort.
      const controller = new AbortController();
      const abort = () => controller.abort();
      if (signal.aborted || closed) abort();
      signal.addEventListener('abort', abort, { once: true });
      const outcome = run(job, { signal: controller.signal, onProgress });
      jobs.set(outcome, abort);
      await outcome;
      jobs.delete(outcome);
      signal.removeEventListener('abort', abort);
      return outcome;
    },
    close: async () => {
      closed = true;
      for (const abort of jobs.values()) abort();
      await Promise.all(jobs.keys());
      await Promise.all(idle.splice(0).map((worker) => worker.stop()));
    },
  };
}
