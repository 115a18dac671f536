import { describe, expect, test } from 'vitest';
import { createRandom } from '../../random.ts';
import { type ActivationFormat, affineOf, LIMITS, quantiseValue, type Range } from '../affine.ts';
import { CALIBRATORS } from './index.ts';
import { observeValues } from './observe.ts';

const UINT8: ActivationFormat = { dtype: 'uint8', symmetric: false };
const INT8: ActivationFormat = { dtype: 'int8', symmetric: true };
const random = createRandom('calibration');
const draw = (length: number, value: () => number): Float32Array => Float32Array.from({ length }, value);
const heavy = (): number => random.normal() / Math.max(0.05, random.next());
const SAMPLES = {
  normal: draw(4000, random.normal),
  rectified: draw(4000, () => Math.max(0, random.normal() + 0.3)),
  'heavy tails': draw(4000, heavy),
  'one outlier': draw(4000, random.normal).fill(60, 17, 18),
  'mostly negative': draw(4000, () => random.normal() * 2 - 3),
};
const cases = Object.entries(SAMPLES).flatMap(([name, data]) =>
  [UINT8, INT8].map((format) => [`${name}, ${format.dtype}`, data, format] as const),
);

const errorOf = (data: Float32Array, range: Range, format: ActivationFormat): number => {
  const affine = affineOf(range, format);
  return data.reduce(
    (sum, v) => sum + ((quantiseValue(v, affine) - affine.zeroPoint) * affine.scale - v) ** 2,
    0,
  );
};

describe.each(cases)('%s', (_, data, format) => {
  const observation = observeValues(data);
  const sorted = [...data].sort((a, b) => a - b);
  const width = (observation.high - observation.low) / observation.counts.length;

  test('the histogram holds every value', () => {
    expect(observation.counts.reduce((a, b) => a + b, 0)).toBe(data.length);
    expect(observation.low).toBe(Math.min(0, sorted[0]!));
    expect(observation.high).toBe(Math.max(0, sorted.at(-1)!));
  });

  test('min-max covers all', () => {
    expect(CALIBRATORS.minMax(observation, format)).toEqual({ low: observation.low, high: observation.high });
  });

  test('percentile against the sorted values', () => {
    const found = CALIBRATORS.percentile(observation, format);
    const ends = (observation.low < 0 ? 1 : 0) + (observation.high > 0 ? 1 : 0);
    const allowed = Math.floor((data.length * 1e-4) / ends);
    const exact = {
      low: Math.min(0, sorted[allowed]!),
      high: Math.max(0, sorted[data.length - 1 - allowed]!),
    };
    expect(Math.abs(found.low - exact.low)).toBeLessThanOrEqual(width * 1.001);
    expect(Math.abs(found.high - exact.high)).toBeLessThanOrEqual(width * 1.001);
  });

  test('the mean squared error is that of the best of all intervals', () => {
    const found = CALIBRATORS.mse(observation, format);
    const shares = Array.from({ length: 32 }, (_, i) => (i + 1) / 32);
    let least = Number.POSITIVE_INFINITY;
    for (const a of shares)
      for (const b of format.symmetric ? [a] : shares)
        least = Math.min(
          least,
          errorOf(data, { low: observation.low * a, high: observation.high * b }, format),
        );
    expect(errorOf(data, found, format)).toBeLessThanOrEqual(least * 1.03);
  });

  test('the divergence is the least of all candidates, computed value by value', () => {
    const found = CALIBRATORS.entropy(observation, format);
    const candidates = Array.from({ length: 128 }, (_, i) => (i + 1) / 128)
      .filter((share) => share >= 1 / 8)
      .map((share) => ({ low: observation.low * share, high: observation.high * share }));
    const divergences = candidates.map((range) => divergenceOf(data, range, format));
    const best = Math.min(...divergences);
    const chosen = divergences[candidates.findIndex((c) => c.high === found.high && c.low === found.low)];
    expect(chosen).toBeDefined();
    expect(chosen!).toBeLessThanOrEqual(best + 1e-9);
  });
});

/** The definition, by maps over bins instead of runs of them. */
function divergenceOf(data: Float32Array, range: Range, format: ActivationFormat): number {
  const { low, high, counts } = observeValues(data);
  const width = (high - low) / counts.length;
  // 0 is exact whatever the range.
  counts[Math.min(counts.length - 1, Math.floor(-low / width))] = 0;
  const total = counts.reduce((a, b) => a + b, 0);
  const first = Math.round((range.low - low) / width);
  const last = Math.round((range.high - low) / width) - 1;
  const p = new Map<number, number>();
  const inside = new Map<number, number>();
  counts.forEach((count, bin) => {
    if (count === 0) return;
    const clipped = Math.min(last, Math.max(first, bin));
    p.set(clipped, (p.get(clipped) ?? 0) + count);
    if (bin >= first && bin <= last) inside.set(bin, count);
  });
  const reach = Math.max(-range.low, range.high);
  const covered = format.symmetric ? { low: -reach, high: reach } : range;
  const levels = LIMITS[format.dtype].high - LIMITS[format.dtype].low + 1;
  const level = (bin: number): number =>
    Math.floor(((low + (bin + 0.5) * width - covered.low) / (covered.high - covered.low)) * levels);
  const masses = new Map<number, { mass: number; bins: number }>();
  for (const [bin, count] of inside) {
    const entry = masses.get(level(bin)) ?? { mass: 0, bins: 0 };
    masses.set(level(bin), { mass: entry.mass + count, bins: entry.bins + 1 });
  }
  let sum = 0;
  for (const [bin, count] of p) {
    const entry = inside.has(bin) ? masses.get(level(bin))! : { mass: 0, bins: 1 };
    sum += (count / total) * Math.log(count / Math.max(entry.mass / entry.bins, 1e-9 * total));
  }
  return sum;
}

test('without a histogram every method gives all that was seen', () => {
  const seen = { low: -2, high: 3, counts: new Float64Array(2048) };
  for (const choose of Object.values(CALIBRATORS))
    expect(choose(seen, { dtype: 'uint8', symmetric: false })).toEqual({ low: -2, high: 3 });
});

test('values that are not finite are no observation', () => {
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])
    expect(() => observeValues(Float32Array.of(1, value, 2))).toThrow('not a number');
});
