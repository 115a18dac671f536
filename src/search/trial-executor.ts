/** Where the trials and the final training of a search run, and how long one may take. */
import type { ImageDataset } from '../data/dataset.ts';
import { describeMachine } from '../device/machine.ts';
import { estimateTrainingSeconds } from '../estimation/training-time.ts';
import { createChildProcessExecutor } from '../execution/child-process.ts';
import type { Executor } from '../execution/executor.ts';
import { createInProcessExecutor } from '../execution/in-process.ts';
import { networkCost } from '../network/cost.ts';
import type { Network } from '../network/network.ts';
import type { Trial } from '../study/trial.ts';
import type { TrainingPlan } from '../train/plan.ts';
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

/** A training that takes so many times what is predicted, and at least so long, hangs. */
const HANGING = 20;
const HANGING_LEAST_SECONDS = 600;

/**
 * After how many seconds a training without a time limit is taken to hang. Far above all that a slow or busy machine does
 * to a prediction, so that it decides nothing else; null where the options or the clock say when it must be over.
 */
export function hangingSeconds(
  { options, plan, dataset, trials }: Hanging,
  network: Network,
  { epochs, dataShare }: Pick<TrainingPlan, 'epochs' | 'dataShare'>,
): number | null {
  if (plan.time !== null || options.trialTimeoutSeconds !== null) return null;
  const records = trials.flatMap(({ measures: { macs, memoryBytes, imagesPerSecond } }) =>
    macs && memoryBytes && imagesPerSecond
      ? [{ macs, memoryBytes, imagesPerSecond, threads: plan.threads }]
      : [],
  );
  const epochSeconds = estimateTrainingSeconds({
    cost: networkCost(network),
    images: dataset.train.count * dataShare,
    validationImages: dataset.val.count,
    threads: plan.threads,
    records,
  });
  const waiting = Object.keys(options.devices).length > 0 ? options.devicePatienceSeconds : 0;
  return Math.ceil(Math.max(HANGING_LEAST_SECONDS, HANGING * epochs * epochSeconds) + waiting);
}

interface Hanging {
  readonly options: SearchOptions;
  readonly plan: SearchPlan;
  readonly dataset: ImageDataset;
  /** Of this machine, for its speed. */
  readonly trials: readonly Trial[];
}

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
