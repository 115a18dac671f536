/** The final training of one network as a job, and how long it takes. */
import { classCounts } from '../estimation/default-plan.ts';
import { ESTIMATORS } from '../estimation/index.ts';
import type { TrialJob } from '../execution/executor.ts';
import type { Network } from '../network/network.ts';
import type { Trial } from '../study/trial.ts';
import type { SearchContext } from './context.ts';
import { augmentationOf } from './read-data.ts';
import { adjusted } from './recipe.ts';
import type { RunFolder } from './run-folder.ts';

type FinalContext = Pick<SearchContext, 'options' | 'plan' | 'dataset' | 'space'>;

/** Kept of the time limit for test, export and report. */
const CLOSING_SECONDS = 4;
const CLOSING_SHARE = 0.03;

/**
 * @param folder where the network's files go
 * @param deadline when this training, its test and export must be over (milliseconds since the epoch); null: none
 */
export function finalJob(
  context: FinalContext,
  trial: Trial,
  folder: RunFolder,
  deadline: number | null,
): TrialJob {
  const { options, plan, dataset } = context;
  const ends =
    deadline === null ? null : deadline - (CLOSING_SECONDS + CLOSING_SHARE * plan.time!.totalSeconds) * 1000;
  const epochs = plan.finalEpochs ?? epochsUntil(ends!, secondsAnEpoch(context, trial));
  const job = ESTIMATORS.full.createJob({
    trial: trial.number,
    network: finalNetwork(context, trial),
    dataset: folder.dataset,
    classCounts: classCounts(dataset),
    augmentation: augmentationOf(dataset, options),
    fidelity: { epochs, dataShare: 1, resolution: 1 },
    seed: `${options.seed}/final/${trial.number}`,
    threads: plan.finalThreads,
    latency: null,
  });
  return {
    ...job,
    plan: adjusted(job.plan, options),
    checkpoint: folder.checkpoint,
    weightsFile: folder.weights,
    ...(ends !== null && { deadline: Math.max(ends, Date.now() + 1000) }),
  };
}

export const finalNetwork = ({ space, dataset }: FinalContext, { genome }: Trial): Network =>
  space.build(genome, {
    inputShape: [dataset.channels, dataset.height, dataset.width],
    outputs: dataset.classes.length,
  });

/** Two threads are not twice as fast as one. */
const THREAD_EXPONENT = 0.7;

/** Of the final training, by the speed that the trial had. Infinite where that is not known. */
export function secondsAnEpoch({ plan, dataset }: FinalContext, { measures }: Trial): number {
  const speed = (measures.imagesPerSecond ?? 0) * (plan.finalThreads / plan.threads) ** THREAD_EXPONENT;
  return dataset.train.count / speed;
}

/** Rather one epoch too many: the schedule follows the clock and comes down in time. */
const AMPLE = 1.1;

function epochsUntil(ends: number, epochSeconds: number): number {
  const seconds = Math.max(1, (ends - Date.now()) / 1000);
  return Math.max(1, Math.round((AMPLE * seconds) / epochSeconds));
}
