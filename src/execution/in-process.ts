/** Runs trials in this process, one after another: for tests and debugging. It cannot limit time or memory. */
import { readDatasetCache } from '../data/cache.ts';
import { measureModel } from '../device/measure-model.ts';
import { evaluateTrial } from '../estimation/evaluate-trial.ts';
import { createSessionPool } from '../runtime/session-pool.ts';
import type { Executor, JobOutcome } from './executor.ts';
import { keepLast } from './keep-last.ts';
import { failedOutcome, outcomeOfError, STOPPED } from './outcome.ts';

export function createInProcessExecutor(): Executor {
  const loadDataset = keepLast(readDatasetCache);
  const sessions = createSessionPool();
  let last: Promise<unknown> = Promise.resolve();
  return {
    slots: 1,
    run: (job, { signal, onProgress }) => {
      const outcome: Promise<JobOutcome> = last.then(async () => {
        if (signal.aborted) return failedOutcome(STOPPED);
        const hooks = {
          signal,
          onProgress,
          loadDataset,
          openSession: sessions.open,
          measureModel,
          exclusively: <T>(measure: () => Promise<T>) => measure(),
        };
        const result = await evaluateTrial(job, hooks).catch((error) => outcomeOfError(error));
        return signal.aborted ? failedOutcome(STOPPED, result.curve) : result;
      });
      last = outcome;
      return outcome;
    },
    close: async () => {
      await last;
      await sessions.close();
    },
  };
}
