/** Calibration data from a data set: training images as the model is fed with them, without augmentation. */
import { createBatcher } from '../../data/batches.ts';
import type { ImageDataset } from '../../data/dataset.ts';
import type { Random } from '../../random.ts';
import { stratifiedShare } from '../../train/stratified-share.ts';
import type { Feeds } from './observe.ts';

/**
 * @param options.images how many, in the classes' proportions; the last batch is left out unless full
 * @param options.batch images in a run; fewer where there are not so many
 * @param options.fixed the model takes no other number: where there are not so many, images come more than once
 */
export function calibrationBatches(
  dataset: ImageDataset,
  options: {
    readonly input: string;
    readonly images: number;
    readonly batch: number;
    readonly fixed?: boolean;
    readonly random: Random;
  },
): Feeds[] {
  const { input, images, random, fixed = false } = options;
  const share = Math.min(1, images / dataset.train.count);
  const split = stratifiedShare(dataset.train, dataset.classes.length, share, random);
  const batch = fixed ? options.batch : Math.min(options.batch, split.count);
  const shape = [batch, dataset.channels, dataset.height, dataset.width];
  const few = split.count < batch;
  const batcher = createBatcher(split, dataset, { batchSize: batch, dropLast: !few });
  return Array.from(batcher.epoch(0), (b) => ({
    [input]: { dtype: 'float32', shape, data: few ? repeatRows(b.images, b.count, batch) : b.images.slice() },
  }));
}

/** The first `count` of `rows` rows over and over. */
function repeatRows(values: Float32Array, count: number, rows: number): Float32Array {
  const size = values.length / rows;
  return Float32Array.from(values, (_, i) => values[i % (count * size)]!);
}
