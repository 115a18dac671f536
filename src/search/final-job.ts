/** The final training of one network as a job, and how long it takes. */
import type { ImageDataset } from '../data/dataset.ts';
import { isCalibrationPath } from '../device/predict/calibrated-device.ts';
import { classCounts } from '../estimation/default-plan.ts';
import { ESTIMATORS } from '../estimation/index.ts';
import { estimateTrainingSeconds } from '../estimation/training-time.ts';
import type { TrialJob } from '../execution/executor.ts';
import type { Network } from '../network/network.ts';
import type { Trial } from '../study/trial.ts';
import type { SearchContext } from './context.ts';
import { wantsMemory } from './devices.ts';
import { type ImageCounts, type Int8Work, int8Work, keptForInt8 } from './int8-time.ts';
import type { SearchPlan } from './plan.ts';
import { augmentationOf } from './read-data.ts';
import { adjusted } from './recipe.ts';
import type { RunFolder } from './run-folder.ts';

type FinalContext = Pick<SearchContext, 'options' | 'plan' | 'dataset' | 'space'>;

/** Kept of the time limit for test, export and report. */
const CLOSING_SECONDS = 4;
const CLOSING_SHARE = 0.03;
/** A process that loads the model and runs it. */
const MEMORY_SECONDS = 2;
/** All devices at once, for each precision: a second where they are quiet, up to six where they have to measure twice. */
const DEVICES_SECONDS = 3;

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
  const ends = deadline === null ? null : deadline - closingSeconds(context, trial, deadline) * 1000;
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
    plan: adjusted(job.plan, options, trial.training),
    checkpoint: folder.checkpoint,
    weightsFile: folder.weights,
    ...(ends !== null && { deadline: Math.max(ends, Date.now() + 1000) }),
  };
}

/** What is kept of a training's time for what comes after it. */
function closingSeconds(context: FinalContext, trial: Trial, deadline: number): number {
  const { options, plan } = context;
  const memory = wantsMemory(options, null) ? MEMORY_SECONDS : 0;
  const asked = Object.values(options.devices).some((address) => !isCalibrationPath(address));
  const devices = asked ? DEVICES_SECONDS * (options.int8 ? 2 : 1) : 0;
  const closing = CLOSING_SECONDS + memory + devices + CLOSING_SHARE * plan.time!.totalSeconds;
  if (!options.int8) return closing;
  return closing + keptForInt8(finalInt8Work(context, trial), (deadline - Date.now()) / 1000);
}

/** What the trained network takes in 8 bits, by the speed that the trial had. */
export const finalInt8Work = (context: FinalContext, trial: Trial): Int8Work =>
  int8Work(
    imageCounts(context.dataset),
    secondsAnEpoch(context, trial),
    context.options.maxDropPoints !== null,
  );

export const imageCounts = ({
  train,
  val,
  test,
}: Pick<ImageDataset, 'train' | 'val' | 'test'>): ImageCounts => ({
  train: train.count,
  val: val.count,
  test: test?.count ?? 0,
});

export const finalNetwork = ({ space, dataset }: FinalContext, { genome }: Trial): Network =>
  space.build(genome, {
    inputShape: [dataset.channels, dataset.height, dataset.width],
    outputs: dataset.classes.length,
  });

/** Two threads are not twice as fast as one. */
const THREAD_EXPONENT = 0.7;

/** Of the final training, by the speed that the trial had. */
export function secondsAnEpoch({ plan, dataset }: FinalContext, trial: Trial): number {
  const speed = speedOf(trial, plan, dataset) * (plan.finalThreads / plan.threads) ** THREAD_EXPONENT;
  return dataset.train.count / speed;
}

/** Of a network whose speed is but guessed. Rather too fast: the clock shortens a schedule that is too long. */
const OPTIMISM = 2;

/** Images a second on a trial's threads: of one that the clock ended, by what it came to; else by what it has to compute. */
function speedOf({ measures, curve }: Trial, plan: SearchPlan, { train, val }: ImageDataset): number {
  if (measures.imagesPerSecond) return measures.imagesPerSecond;
  const last = curve.at(-1);
  if (last !== undefined) return (last.epoch * train.count * plan.dataShare) / last.seconds;
  const { macs = 0, memoryBytes = 0 } = measures;
  const guess = { cost: { macs, memoryBytes }, images: train.count, validationImages: val.count };
  const seconds = estimateTrainingSeconds({ ...guess, threads: plan.threads, records: [] });
  return (OPTIMISM * train.count) / seconds;
}

/** Rather one epoch too many: the schedule follows the clock and comes down in time. */
const AMPLE = 1.1;

function epochsUntil(ends: number, epochSeconds: number): number {
  const seconds = Math.max(1, (ends - Date.now()) / 1000);
  return Math.max(1, Math.round((AMPLE * seconds) / epochSeconds));
}
