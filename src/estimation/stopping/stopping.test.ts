import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Trial } from '../../study/trial.ts';
import { parseStoppingRule, reasonToStop, STOPPING_RULES } from './index.ts';
import { extrapolate } from './power-law.ts';
import { quantile } from './quantile.ts';
import { stopRequest } from './request.ts';

const flat = (value: number, epochs = 4): number[] => Array.from({ length: epochs }, () => value);
const rising = (end: number): number[] => [0.4, 0.6, 0.8, 1].map((share) => share * end);

test('quantiles are those of numpy', () => {
  // numpy.quantile([3, 1, 4, 1, 5], [0, .25, .5, .9, 1])
  const values = [3, 1, 4, 1, 5];
  const found = [0, 0.25, 0.5, 0.9, 1].map((share) => quantile(values, share));
  for (const [i, expected] of [1, 1, 3, 4.6, 5].entries()) expect(found[i]).toBeCloseTo(expected, 12);
});

test('median: against the median of running averages, by the best epoch', () => {
  const { stop } = STOPPING_RULES.median!;
  // Averages over two epochs: 0.15, 0.25, 0.35, 0.45, 0.55; their median 0.35.
  const earlier = [0.1, 0.2, 0.3, 0.4, 0.5].map((v) => [v, v + 0.1, 0.9, 0.9]);
  expect(stop([0.36, 0.1], earlier, 0)).toBeNull();
  expect(stop([0.34, 0.33], earlier, 0)).toContain('34.0 % after epoch 2');
});

test('percentile: the best share at the same epoch goes on', () => {
  const { stop } = STOPPING_RULES.percentile!;
  const earlier = [0.1, 0.2, 0.3, 0.4, 0.5].map((v) => flat(v));
  // The best 25 % begin at 0.4.
  expect(stop([0.4], earlier, 25)).toBeNull();
  expect(stop([0.39], earlier, 25)).toContain('not among the best 25 %');
  expect(stop([0.39], earlier, 50)).toBeNull();
});

test('a power law is extrapolated', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0.3, max: 1, noNaN: true }),
      fc.double({ min: 0.05, max: 0.3, noNaN: true }),
      fc.constantFrom(0.25, 0.5, 1, 2),
      fc.integer({ min: 4, max: 12 }),
      (a, b, c, n) => {
        const law = (t: number): number => a - b * t ** -c;
        const curve = Array.from({ length: n }, (_, i) => law(i + 1));
        expect(extrapolate(curve, 3 * n)).toBeCloseTo(law(3 * n), 6);
      },
    ),
  );
  expect(extrapolate([0.2, 0.5], 10)).toBe(0.5);
  // A falling curve is not expected to rise.
  expect(extrapolate([0.5, 0.4, 0.3], 10)).toBeLessThanOrEqual(0.5);
});

test('curve: a hopeless trial stops, one that may still win does not', () => {
  const { stop } = STOPPING_RULES.curve!;
  const earlier = [0.6, 0.7, 0.8, 0.9, 0.75].map(rising);
  expect(stop([0.1, 0.15, 0.2], earlier, 0)).toContain('the best trial has 90.0 %');
  expect(stop([0.4, 0.6, 0.8], earlier, 0)).toBeNull();
});

test('a trial that beats all earlier ones is never stopped', () => {
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(
      fc.array(fc.array(share, { minLength: 5, maxLength: 5 }), { minLength: 5, maxLength: 12 }),
      fc.integer({ min: 1, max: 4 }),
      fc.constantFrom('median', 'percentile:25', 'percentile:1', 'curve'),
      (curves, epoch, rule) => {
        const earlier = curves.map((curve) => ({ curve, measures: {} }));
        const best = flat(Math.max(...curves.flat()), epoch);
        expect(reasonToStop({ rule, earlier, costs: [] }, best, {})).toBeNull();
      },
    ),
  );
});

test('few earlier trials stop nobody, and costs say who is compared', () => {
  const trial = (value: number, latencyMs: number) => ({ curve: flat(value), measures: { latencyMs } });
  const bad = [0.1];
  const of = (earlier: readonly ReturnType<typeof trial>[], latencyMs: number): string | null =>
    reasonToStop({ rule: 'median', earlier, costs: [{ measure: 'latencyMs', direction: 'minimise' }] }, bad, {
      latencyMs,
    });
  const slow = Array.from({ length: 8 }, () => trial(0.9, 5));
  expect(of(slow.slice(0, 4), 6)).toBeNull();
  expect(of(slow, 6)).toContain('stopped (median)');
  // A fast network is not worse than slow ones for its accuracy.
  expect(of(slow, 1)).toBeNull();
});

test('what a trial may know depends on its number alone', () => {
  const trials = Array.from({ length: 8 }, (_, number) => ({
    number,
    state: number === 2 ? 'failed' : 'complete',
    fidelity: number === 1 ? 0 : 1,
    measures: { valAccuracy: number / 10 },
    curve: [{ epoch: 1, trainLoss: 1, valLoss: 1, valAccuracy: number / 10, seconds: 1 }],
  })) as unknown as Trial[];
  const study = {
    definition: {
      objectives: [
        { measure: 'valAccuracy', direction: 'maximise' as const },
        { measure: 'latencyMs@phone', direction: 'minimise' as const },
      ],
      parallelism: 2,
    },
    trials: () => trials,
  };
  const { earlier, costs } = stopRequest('median', { ...trials[6]!, number: 6 }, study);
  expect(earlier.map(({ curve }) => curve[0])).toEqual([0, 0.3, 0.4]);
  expect(costs.map(({ measure }) => measure)).toEqual(['latencyMs@phone']);
});

test.each([
  ['mean', /one of median, percentile, curve/],
  ['median:3', /median without a number/],
  ['percentile:0', /between 0 and 100/],
  ['percentile:x', /between 0 and 100/],
  ['percentile:', /between 0 and 100/],
  ['percentile:1:2', /one of/],
])('%s is refused with a way out', (text, hint) => {
  expect(() => parseStoppingRule(text)).toThrow(
    expect.objectContaining({ hint: expect.stringMatching(hint) }),
  );
});

test('percentile has a default', () => {
  expect(parseStoppingRule('percentile').argument).toBe(25);
  expect(parseStoppingRule('percentile:40').argument).toBe(40);
});
