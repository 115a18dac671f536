/** Where the trials and the final training of a search run, and how long one may take. */
import { describeMachine } from '../device/machine.ts';
import { createChildProcessExecutor } from '../execution/child-process.ts';
import type { Executor } from '../execution/executor.ts';
import { createInProcessExecutor } from '../execution/in-process.ts';
import type { SearchOptions } from './options.ts';
import type { SearchPlan } from './plan.ts';

/** Share of the usable memory that all workers together may take. */
const MEMORY_SHARE = 0.8;
/** A trial may take so many times what was planned; one that takes twice that hangs. */
const PATIENCE = 2.5;
const LEAST_SECONDS = 60;

/** Seconds that a trial may take; null without a time limit. */
export const patienceSeconds = ({ time }: SearchPlan): number | null =>
  time === null ? null : PATIENCE * time.trialSeconds;

/** @param slots jobs at once */
export function createExecutor(options: SearchOptions, plan: SearchPlan, slots: number): Executor {
  if (options.executor === 'in-process') return createInProcessExecutor();
  const share = (MEMORY_SHARE * describeMachine().usableMemoryBytes) / slots;
  const patience = patienceSeconds(plan);
  const hanging = patience === null ? null : Math.max(LEAST_SECONDS, 2 * patience);
  return createChildProcessExecutor({
    slots,
    timeLimitSeconds: options.trialTimeoutSeconds ?? hanging,
    memoryLimitBytes: options.trialMemoryBytes ?? share,
  });
}
