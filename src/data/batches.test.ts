import { describe, expect, test } from 'vitest';
import { createRandom } from '../random.ts';
import { NO_AUGMENTATION } from './augment.ts';
import { type BatchOptions, createBatcher } from './batches.ts';
import type { Augmentation } from './dataset.ts';
import { datasetOf, randomSplit } from './testing/images.ts';

const SHAPE = { channels: 3, height: 6, width: 5, classes: 4 } as const;
const split = randomSplit(23, SHAPE, 'batches');
const dataset = datasetOf({ train: split }, SHAPE);
const ALL: Augmentation = {
  flip: true,
  flipVertical: true,
  shift: 2,
  cutout: 2,
  jitter: 0.2,
  rotate: 10,
  scale: 0.1,
  mixup: 0.4,
};

function collect(options: BatchOptions, epoch = 0) {
  return Array.from(createBatcher(split, dataset, options).epoch(epoch), (batch) => ({
    images: [...batch.images],
    labels: [...batch.labels],
    count: batch.count,
  }));
}

describe('evaluation batches', () => {
  test('hold all images in order, normalised; the last one says how many are real', () => {
    const batches = collect({ batchSize: 8 });
    expect(batches.map((batch) => batch.count)).toEqual([8, 8, 7]);
    const size = 3 * 6 * 5;
    const { mean, std } = dataset.normalisation;
    for (let i = 0; i < split.count; i++) {
      const batch = batches[Math.floor(i / 8)]!;
      const row = batch.images.slice((i % 8) * size, ((i % 8) + 1) * size);
      row.forEach((value, p) => {
        const c = Math.floor(p / 30);
        expect(value).toBeCloseTo((split.images[i * size + p]! / 255 - mean[c]!) / std[c]!, 5);
      });
      const label = batch.labels.slice((i % 8) * 4, ((i % 8) + 1) * 4);
      expect(label).toEqual([0, 1, 2, 3].map((k) => (k === split.labels[i] ? 1 : 0)));
    }
    expect(batches[2]!.images.slice(7 * size)).toEqual(new Array(size).fill(0));
    expect(batches[2]!.labels.slice(7 * 4)).toEqual([0, 0, 0, 0]);
  });
  test('training images have mean 0 and deviation 1', () => {
    const values = collect({ batchSize: 23 })[0]!.images;
    const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
    const variance = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length;
    expect(mean).toBeCloseTo(0, 4);
    expect(variance).toBeCloseTo(1, 3);
  });
});

describe('training batches', () => {
  const options: BatchOptions = { batchSize: 8, augmentation: ALL, random: createRandom(3), dropLast: true };
  test('depend on the stream and the epoch only', () => {
    const batcher = createBatcher(split, dataset, options);
    for (const _ of batcher.epoch(0)) break;
    const resumed = Array.from(batcher.epoch(5), (batch) => [...batch.images, ...batch.labels]);
    expect(resumed).toEqual(collect(options, 5).map((batch) => [...batch.images, ...batch.labels]));
    expect(collect({ ...options, random: createRandom(3) }, 5)).toEqual(collect(options, 5));
    expect(collect(options, 6)).not.toEqual(collect(options, 5));
    expect(collect({ ...options, random: createRandom(4) }, 5)).not.toEqual(collect(options, 5));
  });
  test('drop the last partial batch and show every image at most once', () => {
    const batcher = createBatcher(split, dataset, { batchSize: 8, random: createRandom(1), dropLast: true });
    expect(batcher.batches).toBe(2);
    const rows = Array.from(batcher.epoch(0), (batch) =>
      Array.from({ length: 8 }, (_, i) => batch.images.slice(i * 90, (i + 1) * 90).join()),
    ).flat();
    expect(new Set(rows).size).toBe(16);
  });
  test('fewer images than a batch give none when the last is dropped', () => {
    expect(collect({ batchSize: 24, dropLast: true })).toEqual([]);
  });
});

describe('soft labels', () => {
  test('smoothing spreads its share over all classes', () => {
    const [first] = collect({ batchSize: 1, labelSmoothing: 0.2 });
    expect(first!.labels[0]).toBeCloseTo(0.85, 6);
    expect(first!.labels.slice(1).every((v) => Math.abs(v - 0.05) < 1e-6)).toBe(true);
  });
  test('class weights multiply their column', () => {
    const batch = collect({ batchSize: 4, classWeights: [1, 2, 3, 4] })[0]!;
    expect([0, 1, 2, 3].map((i) => batch.labels[i * 4 + i])).toEqual([1, 2, 3, 4]);
    expect(batch.labels.reduce((sum, v) => sum + v, 0)).toBe(10);
  });
  test('mixup mixes images and labels by the same share', () => {
    const random = createRandom(9);
    const plain = collect({ batchSize: 2, random });
    const mixed = collect({ batchSize: 2, random, augmentation: { ...NO_AUGMENTATION, mixup: 1 } });
    const share = mixed
      .map((batch, i) => ({ batch, before: plain[i]! }))
      .filter(
        ({ before }) =>
          before.count === 2 && before.labels.slice(0, 4).join() !== before.labels.slice(4).join(),
      )
      .map(({ batch, before }) => {
        const lambda = batch.labels[before.labels.indexOf(1)]!;
        batch.images.slice(0, 90).forEach((v, p) => {
          expect(v).toBeCloseTo(lambda * before.images[p]! + (1 - lambda) * before.images[90 + p]!, 4);
        });
        expect(batch.labels.reduce((sum, v) => sum + v, 0)).toBeCloseTo(2, 5);
        return lambda;
      });
    expect(share.length).toBeGreaterThan(4);
    expect(new Set(share).size).toBe(share.length);
  });
});

test('flips, shifts and mixing shares have the distribution that was asked for', () => {
  const shape = { channels: 1, height: 1, width: 9, classes: 2 } as const;
  const count = 4000;
  const ramp = {
    count,
    images: Uint8Array.from({ length: count * 9 }, (_, i) => (i % 9) * 10),
    labels: Uint16Array.from({ length: count }, (_, i) => i % 2),
  };
  const data = { ...datasetOf({ train: ramp }, shape), normalisation: { mean: [0], std: [1 / 255] } };
  const augmentation = { ...NO_AUGMENTATION, flip: true, shift: 2 };
  const batcher = createBatcher(ramp, data, { batchSize: count, augmentation, random: createRandom(1) });
  const [batch] = Array.from(batcher.epoch(0), ({ images }) => Float32Array.from(images));
  let flipped = 0;
  const centres = new Map<number, number>();
  for (let i = 0; i < count; i++) {
    if (batch![i * 9 + 3]! > batch![i * 9 + 5]!) flipped++;
    const centre = Math.round(batch![i * 9 + 4]! / 10);
    centres.set(centre, (centres.get(centre) ?? 0) + 1);
  }
  expect(Math.abs(flipped / count - 0.5)).toBeLessThan(0.03);
  expect([...centres.keys()].sort()).toEqual([2, 3, 4, 5, 6]);
  for (const seen of centres.values()) expect(Math.abs(seen / count - 0.2)).toBeLessThan(0.03);
});
