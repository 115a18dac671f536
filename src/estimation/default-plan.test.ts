import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NO_AUGMENTATION } from '../data/augment.ts';
import { classCounts, defaultPlan } from './default-plan.ts';

const augmentation = { ...NO_AUGMENTATION, shift: 2 };
const plan = (counts: readonly number[], epochs = 3, dataShare = 1, final = false) =>
  defaultPlan({ classCounts: counts, fidelity: { epochs, dataShare }, augmentation, final });
const classes = (count: number, each: number) => new Array<number>(count).fill(each);

test('batch and learning rate follow the size of the set', () => {
  expect(plan(classes(10, 5400))).toMatchObject({ batchSize: 128, learningRate: 0.2, labelSmoothing: 0.05 });
  expect(plan(classes(4, 700))).toMatchObject({ batchSize: 32, learningRate: 0.05, labelSmoothing: 0.05 });
  expect(plan(classes(2, 100))).toMatchObject({ batchSize: 16, learningRate: 0.025, labelSmoothing: 0 });
  expect(plan(classes(10, 5400), 3, 0.1).batchSize).toBe(64);
});

test('class weights only where classes differ by more than three times, with a mean of one over the images', () => {
  expect(plan([300, 100, 100]).classWeights).toBeNull();
  const counts = [900, 300, 100];
  const weights = plan(counts).classWeights!;
  expect(weights[2]! / weights[0]!).toBeCloseTo(3, 10);
  expect(weights[1]! / weights[0]!).toBeCloseTo(Math.sqrt(3), 10);
  expect(weights.reduce((sum, weight, i) => sum + weight * counts[i]!, 0) / 1300).toBeCloseTo(1, 10);
});

test('weights are averaged in the final training, unless it is too short for an average', () => {
  expect(plan(classes(10, 5400), 20).ema).toBe(0);
  const { ema } = plan(classes(10, 5400), 20, 1, true);
  expect(ema).toBeGreaterThan(0.99);
  expect(ema).toBeLessThan(1);
  expect(plan([20, 20], 2, 1, true).ema).toBe(0);
});

test('whatever the data: a batch never exceeds the images, all numbers are finite, class weights positive', () => {
  const counts = fc.array(fc.integer({ min: 1, max: 20_000 }), { minLength: 2, maxLength: 50 });
  fc.assert(
    fc.property(
      counts,
      fc.integer({ min: 1, max: 200 }),
      fc.double({ min: 0.01, max: 1, noNaN: true }),
      (list, epochs, share) => {
        const made = plan(list, epochs, share, true);
        // stratifiedShare keeps at least one image of each class.
        const images = list.reduce((sum, count) => sum + Math.max(1, Math.round(count * share)), 0);
        expect(made.batchSize).toBeLessThanOrEqual(images);
        expect(Number.isInteger(Math.log2(made.batchSize))).toBe(true);
        expect(made.learningRate).toBeGreaterThan(0);
        expect(made.ema).toBeGreaterThanOrEqual(0);
        expect(made.ema).toBeLessThan(1);
        for (const weight of made.classWeights ?? []) expect(weight > 0 && weight < 100).toBe(true);
      },
    ),
  );
});

test('class counts', () => {
  const train = { count: 4, images: new Uint8Array(), labels: Uint16Array.of(0, 2, 2, 0) };
  expect(classCounts({ train, classes: ['a', 'b', 'c'] })).toEqual([2, 0, 2]);
});
