/** Calibration data from a data set: training images as the model is fed with them, without augmentation. */
import { createBatcher } from '../../data/batches.ts';
import type { ImageDataset } from '../../data/dataset.ts';
import type { Random } from '../../random.ts';
import { stratifiedShare } from '../../train/stratified-share.ts';
import type { Feeds } from './observe.ts';

/**
 * @param options.images how many, in the classes' proportions; the last batch is left out unless full
 * @param options.batch images in a run
 */
export function calibrationBatches(
  dataset: ImageDataset,
  options: {
    readonly input: string;
    readonly images: number;
    readonly batch: number;
    readonly random: Random;
  },
): Feeds[] {
  const { input, images, random } = options;
  const share = Math.min(1, images / dataset.train.count);
  const split = stratifiedShare(dataset.train, dataset.classes.length, share, random);
  const batch = Math.min(options.batch, split.count);
  const shape = [batch, dataset.channels, dataset.height, dataset.width];
  const batcher = createBatcher(split, dataset, { batchSize: batch, dropLast: true });
  return Array.from(batcher.epoch(0), (b) => ({
    [input]: { dtype: 'float32', shape, data: b.images.slice() },
  }));
}
