/** SHA-256 over everything that makes two data sets equal: shapes, classes, images, labels. Names and paths are not. */
import { createHash } from 'node:crypto';
import type { ImageDataset } from './dataset.ts';

export function fingerprintOf(dataset: Omit<ImageDataset, 'fingerprint' | 'normalisation' | 'name'>): string {
  const { classes, channels, height, width, train, val, test } = dataset;
  const hash = createHash('sha256');
  hash.update(
    JSON.stringify([classes, channels, height, width, train.count, val.count, test ? test.count : null]),
  );
  for (const split of [train, val, test])
    if (split) {
      hash.update(split.images);
      hash.update(new Uint8Array(split.labels.buffer, split.labels.byteOffset, split.labels.byteLength));
    }
  return hash.digest('hex');
}
