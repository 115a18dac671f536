import { createBatcher } from '../../data/batches.ts';
import type { ImageDataset } from '../../data/dataset.ts';
import { createRandom } from '../../random.ts';
import { stratifiedShare } from '../../train/stratified-share.ts';
import type { ProxySetting } from './proxy.ts';

/** Images of the batch: Abdelfattah et al. 2021 and Mellor et al. 2021 saw little gain from more than 64 to 128. */
const IMAGES = 64;

/**
 * One batch of 64 training images in the classes' proportions (fewer where there are fewer), the same for all
 * candidates of a seed.
 */
export function proxySetting(dataset: ImageDataset, seed: string | number, threads: number): ProxySetting {
  const { train, classes, channels, height, width } = dataset;
  const random = createRandom(seed).split('proxies');
  const share = Math.min(1, IMAGES / train.count);
  const split = stratifiedShare(train, classes.length, share, random);
  const batcher = createBatcher(split, dataset, { batchSize: Math.min(IMAGES, split.count) });
  const { images, labels, count } = batcher.epoch(0).next().value!;
  return {
    images: {
      dtype: 'float32',
      shape: [count, channels, height, width],
      data: images.slice(0, count * channels * height * width),
    },
    labels: {
      dtype: 'float32',
      shape: [count, classes.length],
      data: labels.slice(0, count * classes.length),
    },
    threads,
  };
}
