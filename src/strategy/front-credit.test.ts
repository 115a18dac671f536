import { expect, test } from 'vitest';
import { createRandom } from '../random.ts';
import { latelyGained } from './front-credit.ts';
import { hypervolume } from './pareto.ts';
import type { Observation } from './strategy.ts';

const trial = (number: number, values: readonly number[], feasible = true): Observation => ({
  number,
  genome: {},
  hash: String(number),
  state: 'complete',
  values,
  feasible,
  fidelity: 0,
});

/** What each trial adds to the volume above a tenth below the worst, by the definition. */
function addedOneByOne(points: readonly (readonly number[])[]): readonly number[] {
  const range = [0, 1].map((k) => {
    const column = points.map((p) => p[k]!);
    return { low: Math.min(...column), span: Math.max(...column) - Math.min(...column) };
  });
  const all = points.map((p) => p.map((x, k) => (x - range[k]!.low) / range[k]!.span));
  const volumes = all.map((_, i) => hypervolume(all.slice(0, i + 1), [-0.1, -0.1]));
  return volumes.map((v, i) => v - (volumes[i - 1] ?? 0));
}

test('the gain of a kind is the mean of the volume that its trials added', () => {
  const random = createRandom('credit');
  const points = Array.from({ length: 60 }, () => [random.next() * 5, -random.next() * 300]);
  const gains = addedOneByOne(points);
  const gained = latelyGained(
    points.map((p, i) => trial(i, p)),
    (number) => (number % 3 === 0 ? 'third' : number % 3 === 1 ? 'other' : null),
  );
  const mean = (rest: number): number =>
    gains.filter((_, i) => i % 3 === rest).reduce((a, b) => a + b, 0) / (points.length / 3);
  expect(gained('third')).toBeCloseTo(mean(0), 10);
  expect(gained('other')).toBeCloseTo(mean(1), 10);
});

test('only the latest trials count, and only feasible ones', () => {
  const old = Array.from({ length: 10 }, (_, i) => trial(i, [i, i]));
  const late = Array.from({ length: 120 }, (_, i) => trial(10 + i, [0, 0]));
  const kinds = (number: number): 'old' | 'late' => (number < 10 ? 'old' : 'late');
  expect(latelyGained([...old, ...late], kinds)('old')).toBe(0);
  expect(latelyGained([...old, ...late.slice(0, 60)], kinds)('old')).toBeGreaterThan(0);
  expect(latelyGained([...old, ...late, trial(130, [99, 99], false)], kinds)('late')).toBe(0);
  expect(latelyGained([], kinds)('late')).toBe(0);
});
