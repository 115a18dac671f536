import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRandom } from '../random.ts';
import { median, medianInterval, quantile } from './median-interval.ts';

test('ranks of the 95 % interval are those of the published table', () => {
  // Conover 1999, table of confidence intervals for the median: n = 10 → 2nd and 9th, n = 20 → 6th and 15th value.
  const upTo = (n: number) => Array.from({ length: n }, (_, i) => i + 1);
  expect(medianInterval(upTo(6), 0.95)).toEqual({ median: 3.5, low: 1, high: 6 });
  expect(medianInterval(upTo(10), 0.95)).toEqual({ median: 5.5, low: 2, high: 9 });
  expect(medianInterval(upTo(20), 0.95)).toEqual({ median: 10.5, low: 6, high: 15 });
  expect(medianInterval(upTo(25), 0.95)).toEqual({ median: 13, low: 8, high: 18 });
  expect(medianInterval(upTo(5), 0.95)).toEqual({ median: 3, low: -Infinity, high: Infinity });
});

test('covers the true median of a skewed distribution as often as it says', () => {
  const random = createRandom('coverage');
  const repeats = 1000;
  for (const n of [8, 31, 100]) {
    let covered = 0;
    for (let i = 0; i < repeats; i++) {
      // Log-normal: the true median is 1.
      const sample = Array.from({ length: n }, () => Math.exp(random.normal()));
      const { low, high } = medianInterval(sample, 0.95);
      if (low <= 1 && 1 <= high) covered++;
    }
    // Three standard errors below 95 %; discreteness makes small samples cover more.
    expect(covered / repeats).toBeGreaterThan(0.929);
  }
});

test('the interval encloses the median, does not depend on order, and narrows with lower confidence', () => {
  const values = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 6, maxLength: 2000 });
  fc.assert(
    fc.property(values, (list) => {
      const strict = medianInterval(list, 0.95);
      const loose = medianInterval(list, 0.5);
      expect(strict.low).toBeLessThanOrEqual(strict.median);
      expect(strict.high).toBeGreaterThanOrEqual(strict.median);
      expect(loose.low).toBeGreaterThanOrEqual(strict.low);
      expect(loose.high).toBeLessThanOrEqual(strict.high);
      expect(medianInterval([...list].reverse(), 0.95)).toEqual(strict);
    }),
    { numRuns: 100 },
  );
});

test('median and quantile', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
  expect(median([])).toBeNaN();
  expect(quantile([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 0.95)).toBe(10);
  expect(quantile([1, 2, 3, 4], 0.5)).toBe(2);
  expect(quantile([7], 0)).toBe(7);
});
