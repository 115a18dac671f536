/** Infeasible trials are ordered by how much they break the bounds (Deb 2000). */
import { expect, test } from 'vitest';
import { byCrowding, rankedBy } from './population.ts';
import { best } from './ranking.ts';
import type { Observation } from './strategy.ts';

const trial = (number: number, values: readonly number[], violation: number): Observation => ({
  number,
  genome: number,
  hash: `${number}`,
  state: 'complete',
  values,
  feasible: violation === 0,
  violation,
  fidelity: 0,
});

test('feasible first, then the least violation, whatever the values', () => {
  const trials = [
    trial(0, [9], 0.5),
    trial(1, [8], 0.1),
    trial(2, [1], 0),
    trial(3, [2], 0),
    trial(4, [0], 0.1),
  ];
  expect(rankedBy(trials, 5, byCrowding).map((o) => o.number)).toEqual([3, 2, 1, 4, 0]);
  expect(rankedBy(trials, 3, byCrowding).map((o) => o.number)).toEqual([3, 2, 1]);
  expect(best(trials).number).toBe(3);
  expect(best(trials.filter((o) => !o.feasible)).number).toBe(1);
});

test('with several objectives too', () => {
  const trials = [trial(0, [9, 9], 0.5), trial(1, [1, 1], 0.1), trial(2, [0, 1], 0), trial(3, [1, 0], 0)];
  const order = rankedBy(trials, 4, byCrowding).map((o) => o.number);
  expect(order.slice(0, 2).sort()).toEqual([2, 3]);
  expect(order.slice(2)).toEqual([1, 0]);
  expect(best(trials.slice(0, 2)).number).toBe(1);
});

test('an infeasible trial of unknown violation stands last', () => {
  const { violation: _, ...unknown } = trial(1, [9], 0.1);
  const trials = [unknown, trial(0, [1], 3)];
  expect(rankedBy(trials, 2, byCrowding).map((o) => o.number)).toEqual([0, 1]);
});
