/**
 * The training recipe when nobody gives one: strong defaults for image classifiers with batch norm, from the sizes of
 * the data.
 */
import type { Augmentation, ImageDataset } from '../data/dataset.ts';
import type { TrainingPlan } from '../train/plan.ts';
import type { Fidelity } from './fidelity.ts';
import { optimiserRecipe } from './optimiser-recipes.ts';

/** What the usual recipe of a training depends on. */
export interface PlanRequest {
  /** Training images of each class. */
  readonly classCounts: readonly number[];
  /** Epochs, and the share of the training images. */
  readonly fidelity: Pick<Fidelity, 'epochs' | 'dataShare'>;
  /** Taken over as it is. */
  readonly augmentation: Augmentation;
  /** True for the training whose weights are kept: it then averages them over its last steps. */
  readonly final: boolean;
}

const LARGEST_BATCH = 128;
const SMALL_BATCH = 16;
/** Small sets get small batches rather than few steps: an epoch of fewer steps hardly moves the weights. */
const STEPS_PER_EPOCH = 60;
/** The moving average reaches back over this share of the training: the end of the schedule, where rates are small. */
const AVERAGED_SHARE = 0.03;
const LONGEST_AVERAGE = 2000;
const SHORTEST_AVERAGE = 5;
const BALANCED_UP_TO = 3;
const LARGEST_CLASS_WEIGHT = 5;

/** Training images of each class, by class index. */
export function classCounts({ train, classes }: Pick<ImageDataset, 'train' | 'classes'>): number[] {
  const counts = classes.map(() => 0);
  for (const label of train.labels) counts[label]! += 1;
  return counts;
}

/**
 * The recipe when nobody gives one: SGD with Nesterov momentum 0.9 and weight decay 5e-4 under a one-cycle schedule
 * (Smith and Topin 2019) with a quarter of warm-up; batches of 16 to 128, a power of two with some 60 steps an epoch;
 * a peak learning rate of 0.2 at a batch of 128, in proportion to it (Goyal et al. 2017); label smoothing 0.05 from
 * three classes on; class weights where one class has more than three times the images of another; gradient norm
 * bounded by 5 (docs/decisions/0007).
 */
export function defaultPlan({
  classCounts: counts,
  fidelity,
  augmentation,
  final,
}: PlanRequest): TrainingPlan {
  // As the trainer counts them: at least one image of each class, whatever the share.
  const images = counts.reduce(
    (sum, count) => sum + Math.min(count, Math.max(1, Math.round(count * fidelity.dataShare))),
    0,
  );
  const batchSize = batchFor(images);
  const steps = Math.floor(images / batchSize) * fidelity.epochs;
  const { optimiser, learningRateAt128 } = optimiserRecipe('sgd');
  return {
    epochs: fidelity.epochs,
    dataShare: fidelity.dataShare,
    batchSize,
    optimiser,
    learningRate: (learningRateAt128 * batchSize) / 128,
    schedule: 'oneCycle',
    warmup: 0.25,
    // With two classes smoothing takes a large part of the target away.
    labelSmoothing: counts.length > 2 ? 0.05 : 0,
    classWeights: weightsOf(counts),
    // Rarely reached with batch norm; keeps a bad first step from ending the trial.
    clipNorm: 5,
    ema: final ? averageDecay(steps) : 0,
    augmentation,
  };
}

/** A power of two with about {@link STEPS_PER_EPOCH} steps, 16..128; less only when there are fewer images. */
function batchFor(images: number): number {
  const wanted = Math.min(LARGEST_BATCH, Math.max(SMALL_BATCH, images / STEPS_PER_EPOCH));
  return 2 ** Math.floor(Math.log2(Math.max(1, Math.min(wanted, images))));
}

function averageDecay(steps: number): number {
  const reach = Math.min(LONGEST_AVERAGE, steps * AVERAGED_SHARE);
  return reach < SHORTEST_AVERAGE ? 0 : 1 - 1 / reach;
}

/**
 * Null when no class has more than three times the images of another. Else the square root of the inverse frequency,
 * with a mean of 1 over the images: rare classes count more, without the noise of few images ruling the training.
 */
function weightsOf(counts: readonly number[]): number[] | null {
  const present = counts.filter((count) => count > 0);
  const largest = Math.max(...present);
  if (present.length === 0 || largest <= BALANCED_UP_TO * Math.min(...present)) return null;
  const raw = counts.map((count) => Math.min(LARGEST_CLASS_WEIGHT, Math.sqrt(largest / Math.max(1, count))));
  const images = present.reduce((sum, count) => sum + count, 0);
  const mean = raw.reduce((sum, weight, label) => sum + weight * counts[label]!, 0) / images;
  return raw.map((weight) => weight / mean);
}
