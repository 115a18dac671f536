import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRandom } from '../random.ts';
import { estimateTrainingSeconds, type ThroughputRecord } from './training-time.ts';

const epoch = { images: 50_000, validationImages: 0, threads: 1 };

test('before any trial: the known figure of ResNet-20', () => {
  const cost = { macs: 41e6, memoryBytes: 2e5 };
  expect(estimateTrainingSeconds({ ...epoch, cost, records: [] })).toBeCloseTo(200, 5);
  expect(estimateTrainingSeconds({ ...epoch, cost, records: [], threads: 2 })).toBeCloseTo(123, 0);
  expect(estimateTrainingSeconds({ ...epoch, cost, records: [], validationImages: 50_000 })).toBeCloseTo(
    250,
    5,
  );
});

test('one trial scales by its products', () => {
  const records = [{ macs: 1e7, memoryBytes: 1e5, imagesPerSecond: 1000, threads: 1 }];
  expect(estimateTrainingSeconds({ ...epoch, cost: { macs: 3e7, memoryBytes: 9e9 }, records })).toBeCloseTo(
    150,
    5,
  );
});

test('recovers a machine that follows the model, from noisy trials', () => {
  const random = createRandom('machine');
  const seconds = (macs: number, memory: number) => 8e-11 * macs + 2e-9 * memory + 2e-4;
  const records: ThroughputRecord[] = Array.from({ length: 20 }, () => {
    const [macs, memoryBytes] = [10 ** (6 + 2 * random.next()), 10 ** (4.5 + 1.5 * random.next())];
    return {
      macs,
      memoryBytes,
      threads: 1,
      imagesPerSecond: 1 / (seconds(macs, memoryBytes) * (1 + 0.05 * random.normal())),
    };
  });
  for (const [macs, memoryBytes] of [
    [2e6, 1e5],
    [3e7, 4e5],
    [9e7, 5e4],
  ] as const) {
    const predicted = estimateTrainingSeconds({ ...epoch, cost: { macs, memoryBytes }, records });
    expect(predicted / (seconds(macs, memoryBytes) * 50_000)).toBeCloseTo(1, 0.7);
  }
});

test('whatever was measured, the prediction is positive, finite and grows with the network', () => {
  const record = fc.record({
    macs: fc.integer({ min: 1000, max: 1e9 }),
    memoryBytes: fc.integer({ min: 1000, max: 1e8 }),
    imagesPerSecond: fc.integer({ min: 0, max: 100_000 }),
    threads: fc.integer({ min: 1, max: 8 }),
  });
  fc.assert(
    fc.property(fc.array(record, { maxLength: 30 }), record, (records, cost) => {
      const predicted = estimateTrainingSeconds({ ...epoch, cost, records });
      expect(Number.isFinite(predicted) && predicted > 0).toBe(true);
      const bigger = { macs: cost.macs * 2, memoryBytes: cost.memoryBytes * 2 };
      expect(estimateTrainingSeconds({ ...epoch, cost: bigger, records })).toBeGreaterThanOrEqual(predicted);
    }),
  );
});
