/** Batches of normalised images and soft labels, filled into buffers that are used again for the next batch. */
import { fail } from '../errors.ts';
import type { Random } from '../random.ts';
import { augmentingWriter, plainWriter } from './augment.ts';
import type { Augmentation, ImageDataset, ImageSplit } from './dataset.ts';

export interface BatchOptions {
  readonly batchSize: number;
  /** Random changes of the images; needs `random`. */
  readonly augmentation?: Augmentation;
  /** Order and augmentation of epoch e are drawn from `random.split('epoch', e)`. Without it: in order, unchanged. */
  readonly random?: Random;
  /** Leave out the last batch when it is not full. */
  readonly dropLast?: boolean;
  /** 0..1, spread evenly over all classes (Szegedy et al. 2016). */
  readonly labelSmoothing?: number;
  /** Batches that are in use at the same time, each in buffers of its own; 1 by default. */
  readonly buffers?: number;
  /** Factor of each class's column of the labels, so of its part of the loss; null for none. */
  readonly classWeights?: readonly number[] | null;
}

export interface Batch {
  /** [batchSize, channels, height, width]; rows from `count` on are zero. Overwritten by a later batch. */
  readonly images: Float32Array;
  /** [batchSize, classes]; rows from `count` on are zero. Overwritten by a later batch. */
  readonly labels: Float32Array;
  /** Images in this batch, 1..batchSize. */
  readonly count: number;
}

export interface Batcher {
  /** Batches of one pass over the split. */
  readonly batches: number;
  /**
   * One pass. What batch b of epoch e holds depends on the random stream, e and b alone, so training can resume at any
   * epoch. Batches take turns in `buffers` buffers: use one before asking for so many more.
   */
  readonly epoch: (epoch: number) => Generator<Batch, void, void>;
}

/** Batches over `split`, which may be any split of images of the data set's shape and classes. */
export function createBatcher(split: ImageSplit, dataset: ImageDataset, options: BatchOptions): Batcher {
  const { batchSize, random, augmentation, buffers = 1 } = options;
  // Of batches of nothing there would be no end.
  if (!(Number.isInteger(batchSize) && batchSize > 0))
    fail('USAGE', { what: `The batch size is ${batchSize}`, hint: 'Give a whole number of images above 0.' });
  const classes = dataset.classes.length;
  const size = dataset.channels * dataset.height * dataset.width;
  const storage = Array.from({ length: buffers }, () => ({
    images: new Float32Array(batchSize * size),
    labels: new Float32Array(batchSize * classes),
  }));
  const order = new Uint32Array(split.count);
  const labelRows = rowOfEachLabel(classes, options);
  const batches = options.dropLast ? Math.floor(split.count / batchSize) : Math.ceil(split.count / batchSize);
  let stream = random;
  const write =
    augmentation && random ? augmentingWriter(dataset, augmentation, () => stream!) : plainWriter(dataset);

  function* epoch(index: number): Generator<Batch, void, void> {
    const epochRandom = random?.split('epoch', index);
    shuffledOrder(order, epochRandom);
    for (let batch = 0; batch < batches; batch++) {
      stream = epochRandom?.split('batch', batch);
      const { images, labels } = storage[batch % buffers]!;
      const first = batch * batchSize;
      const count = Math.min(batchSize, split.count - first);
      for (let i = 0; i < count; i++) {
        const image = order[first + i]!;
        write(split.images, image * size, images, i * size);
        const label = split.labels[image]!;
        labels.set(labelRows.subarray(label * classes, (label + 1) * classes), i * classes);
      }
      images.fill(0, count * size);
      labels.fill(0, count * classes);
      if (augmentation && augmentation.mixup > 0 && stream) {
        const share = sampleBeta(augmentation.mixup, stream);
        mixWithReverse(images, count, size, share);
        mixWithReverse(labels, count, classes, share);
      }
      yield { images, labels, count };
    }
  }
  return { batches, epoch };
}

/** [classes, classes]: the soft label of each class. */
function rowOfEachLabel(classes: number, { labelSmoothing = 0, classWeights }: BatchOptions): Float32Array {
  const rows = new Float32Array(classes * classes);
  for (let label = 0; label < classes; label++)
    for (let k = 0; k < classes; k++)
      rows[label * classes + k] =
        ((k === label ? 1 - labelSmoothing : 0) + labelSmoothing / classes) * (classWeights?.[k] ?? 1);
  return rows;
}

function shuffledOrder(order: Uint32Array, random: Random | undefined): void {
  for (let i = 0; i < order.length; i++) order[i] = i;
  if (!random) return;
  for (let i = order.length - 1; i > 0; i--) {
    const j = random.int(i + 1);
    const other = order[j]!;
    order[j] = order[i]!;
    order[i] = other;
  }
}

/**
 * Row i becomes share·row i + (1−share)·row (count−1−i). The rows are already in random order, so the reverse is a random
 * partner, and the mixing can be done in place.
 */
function mixWithReverse(rows: Float32Array, count: number, length: number, share: number): void {
  for (let i = 0; i < count >> 1; i++) {
    const a = i * length;
    const b = (count - 1 - i) * length;
    for (let k = 0; k < length; k++) {
      const first = rows[a + k]!;
      const second = rows[b + k]!;
      rows[a + k] = share * first + (1 - share) * second;
      rows[b + k] = share * second + (1 - share) * first;
    }
  }
}

/** Beta(α, α) as a ratio of two gamma samples. */
function sampleBeta(alpha: number, random: Random): number {
  const a = sampleGamma(alpha, random);
  const b = sampleGamma(alpha, random);
  return a + b > 0 ? a / (a + b) : random.next() < 0.5 ? 0 : 1;
}

/** Gamma(shape, 1), Marsaglia & Tsang 2000; below one by their boost U^(1/shape). */
function sampleGamma(shape: number, random: Random): number {
  if (shape < 1) return sampleGamma(shape + 1, random) * (1 - random.next()) ** (1 / shape);
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = random.normal();
    const v = (1 + c * x) ** 3;
    if (v > 0 && Math.log(1 - random.next()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
  }
}
