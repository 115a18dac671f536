import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRandom } from '../random.ts';
import { findLeaks } from './duplicates.ts';
import { makeSplits } from './splits.ts';
import { pixelSource, pixelSplit } from './testing/images.ts';

const split = (source: Parameters<typeof makeSplits>[0], seed = 1) =>
  makeSplits(source, createRandom(seed), 'here');
const range = (count: number, label: number, first = 0): [number, number][] =>
  Array.from({ length: count }, (_, i) => [label, (first + i) % 256]);
const ofClass = (labels: Uint16Array, label: number) => labels.filter((other) => other === label).length;

describe('a source without splits', () => {
  const source = pixelSource(['a', 'b'], {
    train: pixelSplit('all', [...range(100, 0), ...range(40, 1, 100)]),
  });
  test('is cut in the proportions of its classes', () => {
    const { train, val, test: held, cut } = split(source);
    expect(cut).toEqual(['test', 'val']);
    expect([0, 1].map((k) => ofClass(held.labels, k))).toEqual([15, 6]);
    expect([0, 1].map((k) => ofClass(val.labels, k))).toEqual([13, 5]);
    expect([0, 1].map((k) => ofClass(train.labels, k))).toEqual([72, 29]);
  });
  test('every image goes to exactly one split, and the seed decides which', () => {
    const { train, val, test: held } = split(source);
    const names = [train, val, held].flatMap((s) => s.names);
    expect([...names].sort()).toEqual([...source.splits.train.names].sort());
    expect(split(source)).toEqual(split(source));
    expect(split(source, 2).val.names).not.toEqual(val.names);
  });
});

describe('given splits', () => {
  const train = pixelSplit('train', [...range(60, 0), ...range(40, 1, 60)]);
  const val = pixelSplit('val', range(3, 0, 200));
  const held = pixelSplit('test', range(4, 1, 210));
  test('are used as they are', () => {
    const result = split(pixelSource(['a', 'b'], { train, val, test: held }));
    expect(result).toEqual({ train, val, test: held, cut: [] });
  });
  test('a tenth of training is cut off for the one that is missing', () => {
    const withoutVal = split(pixelSource(['a', 'b'], { train, test: held }));
    expect(withoutVal.cut).toEqual(['val']);
    expect([withoutVal.train.count, withoutVal.val.count]).toEqual([90, 10]);
    expect(withoutVal.test).toBe(held);
    const withoutTest = split(pixelSource(['a', 'b'], { train, val }));
    expect([withoutTest.train.count, withoutTest.test.count]).toEqual([90, 10]);
  });
});

test('identical images stay on one side', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 0, max: 1 }), fc.integer({ min: 0, max: 40 })), {
        minLength: 60,
        maxLength: 120,
      }),
      fc.integer(),
      (pixels, seed) => {
        const source = pixelSource(['a', 'b'], { train: pixelSplit('all', pixels) });
        const result = split(source, seed);
        expect(findLeaks(result)).toEqual([]);
        expect(result.train.count + result.val.count + result.test.count).toBe(pixels.length);
      },
    ),
    { numRuns: 30 },
  );
});

test('small classes go to training first, then validation, then test', () => {
  const source = pixelSource(['one', 'two', 'three', 'many'], {
    train: pixelSplit('all', [...range(1, 0), ...range(2, 1, 10), ...range(3, 2, 20), ...range(30, 3, 30)]),
  });
  const { train, val, test: held } = split(source);
  const counts = (labels: Uint16Array) => [0, 1, 2, 3].map((k) => ofClass(labels, k));
  expect(counts(train.labels).slice(0, 3)).toEqual([1, 1, 1]);
  expect(counts(val.labels).slice(0, 3)).toEqual([0, 1, 1]);
  expect(counts(held.labels).slice(0, 3)).toEqual([0, 0, 1]);
});

test('too few images to split is an error that names the split', () => {
  const source = pixelSource(['a', 'b'], {
    train: pixelSplit('all', [
      [0, 1],
      [1, 2],
    ]),
  });
  expect(() => split(source)).toThrow(expect.objectContaining({ code: 'DATA_TOO_FEW' }));
});
