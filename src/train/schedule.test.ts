import { expect, test } from 'vitest';
import { learningRate } from './schedule.ts';

const rate = (schedule: 'oneCycle' | 'cosine' | 'constant', progress: number, warmup = 0): number =>
  learningRate({ learningRate: 0.4, schedule, warmup }, progress);

test('cosine: half of it in the middle, slow at both ends, a thousandth at the end', () => {
  expect(rate('cosine', 0)).toBeCloseTo(0.4, 12);
  expect(rate('cosine', 0.5)).toBeCloseTo((0.4 + 0.0004) / 2, 12);
  expect(rate('cosine', 1)).toBeCloseTo(0.0004, 12);
  // (1 + cos π/4) / 2 of the way down is left after a quarter.
  expect(rate('cosine', 0.25)).toBeCloseTo(0.0004 + 0.3996 * ((1 + Math.SQRT1_2) / 2), 12);
  expect(rate('cosine', 0) - rate('cosine', 0.1)).toBeLessThan(rate('cosine', 0.45) - rate('cosine', 0.55));
  const rates = Array.from({ length: 101 }, (_, i) => rate('cosine', i / 100));
  expect(rates.every((value, i) => i === 0 || value < rates[i - 1]!)).toBe(true);
});

test('constant: the peak throughout; one cycle: a straight line down', () => {
  for (const progress of [0, 0.3, 0.9, 1]) expect(rate('constant', progress)).toBe(0.4);
  expect(rate('oneCycle', 0)).toBeCloseTo(0.4, 12);
  expect(rate('oneCycle', 0.5)).toBeCloseTo((0.4 + 0.0004) / 2, 12);
  expect(rate('oneCycle', 1)).toBeCloseTo(0.0004, 12);
});

test.each(['oneCycle', 'cosine', 'constant'] as const)('%s begins after the warm-up', (schedule) => {
  expect(rate(schedule, 0, 0.2)).toBeCloseTo(0.02, 12);
  expect(rate(schedule, 0.1, 0.2)).toBeCloseTo(0.02 + 0.38 / 2, 12);
  expect(rate(schedule, 0.2, 0.2)).toBeCloseTo(0.4, 12);
  expect(rate(schedule, 0.6, 0.2)).toBeCloseTo(rate(schedule, 0.5), 12);
  // Rounding may lead a little past the ends.
  expect(rate(schedule, 1.01, 0.2)).toBe(rate(schedule, 1, 0.2));
  expect(rate(schedule, -0.01, 0.2)).toBe(rate(schedule, 0, 0.2));
});
