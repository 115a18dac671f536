import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dominates } from '../strategy/pareto.ts';
import type { Objective, Trial } from '../study/trial.ts';
import {
  affordable,
  chooseFront,
  frontSize,
  mostAccurate,
  ownSeconds,
  replacementBounds,
  standings,
  withinBounds,
} from './front.ts';

const trial = (number: number, measures: Trial['measures']): Trial => ({
  number,
  state: 'complete',
  genome: { n: number },
  hash: String(number),
  fidelity: 0,
  measures,
  curve: [],
  reason: null,
  startedAt: 0,
  endedAt: 1,
});
const ACCURACY: Objective = { measure: 'valAccuracy', direction: 'maximise' };
const LATENCY: Objective = { measure: 'latencyMs', direction: 'minimise' };

const trials = [
  [0.5, 1],
  [0.9, 9],
  [0.88, 4],
  [0.87, 4.1],
  [0.6, 1.1],
].map(([valAccuracy, latencyMs], i) =>
  trial(i, { valAccuracy: valAccuracy!, latencyMs: latencyMs!, macs: i }),
);
const numbers = (chosen: readonly Trial[]): number[] => chosen.map((t) => t.number);

describe('chooseFront', () => {
  test('begins with the most accurate, wherever accuracy stands among the objectives', () => {
    expect(numbers(chooseFront(trials, [ACCURACY, LATENCY], [], 1))).toEqual([1]);
    expect(numbers(chooseFront(trials, [LATENCY, ACCURACY], [], 1))).toEqual([1]);
  });

  test('goes on with what adds most to the dominated volume, and leaves dominated trials out', () => {
    // Trial 2 is nearly as accurate at half the time; 0 and 4 are quick but weak; 3 is beaten by 2.
    expect(numbers(chooseFront(trials, [ACCURACY, LATENCY], [], 2))).toEqual([1, 2]);
    expect(numbers(chooseFront(trials, [ACCURACY, LATENCY], [], 9))).toEqual([1, 2, 4, 0]);
  });

  test('among equally accurate ones takes the one with the lower loss; with several objectives one that is on the front', () => {
    const equals = [
      trial(0, { valAccuracy: 0.6, valLoss: 1.2, latencyMs: 3, macs: 1 }),
      trial(1, { valAccuracy: 0.6, valLoss: 0.9, latencyMs: 2, macs: 9 }),
      trial(2, { valAccuracy: 0.6, valLoss: 1.1, latencyMs: 1, macs: 5 }),
      trial(3, { valAccuracy: 0.5, valLoss: 0.8, latencyMs: 0.5, macs: 5 }),
    ];
    expect(numbers(chooseFront(equals, [ACCURACY], [], 1))).toEqual([1]);
    expect(numbers(chooseFront(equals, [ACCURACY, LATENCY], [], 1))).toEqual([2]);
  });

  test('keeps the constraints', () => {
    const bound = [{ measure: 'latencyMs', max: 4 }];
    expect(numbers(chooseFront(trials, [ACCURACY, LATENCY], bound, 3))).toEqual([2, 4, 0]);
    expect(chooseFront(trials, [ACCURACY, LATENCY], [{ measure: 'latencyMs', max: 0.5 }], 3)).toEqual([]);
  });

  test('gives distinct trials of the front, the most accurate among them, in any order of the objectives', () => {
    const point = fc.record({
      valAccuracy: fc.integer({ min: 0, max: 9 }),
      latencyMs: fc.integer({ min: 1, max: 9 }),
    });
    fc.assert(
      fc.property(
        fc.array(point, { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 1, max: 5 }),
        (points, count) => {
          const all = points.map((measures, i) => trial(i, measures));
          const chosen = chooseFront(all, [LATENCY, ACCURACY], [], count);
          expect(new Set(numbers(chosen)).size).toBe(chosen.length);
          expect(chosen.length).toBeLessThanOrEqual(count);
          const best = Math.max(...points.map((p) => p.valAccuracy));
          expect(chosen[0]!.measures.valAccuracy).toBe(best);
          const value = ({ measures }: Trial): number[] => [measures.valAccuracy!, -measures.latencyMs!];
          if (count > 1)
            for (const a of chosen) expect(all.some((b) => dominates(value(b), value(a)))).toBe(false);
        },
      ),
    );
  });
});

test('several objectives train several networks, unless told otherwise', () => {
  expect(frontSize({ front: null, objectives: [ACCURACY] })).toBe(1);
  expect(frontSize({ front: null, objectives: [ACCURACY, LATENCY] })).toBeGreaterThan(1);
  expect(frontSize({ front: 5, objectives: [ACCURACY] })).toBe(5);
});

test('as many trainings as the time has room for, in their order', () => {
  const of = (...epochs: readonly number[]) => epochs.map((epoch) => ({ epoch, after: 0 }));
  expect(affordable(of(2, 1, 1), 40, 10)).toBe(3);
  expect(affordable(of(2, 1, 1), 39, 10)).toBe(2);
  expect(affordable(of(2, 1, 1), 19, 10)).toBe(0);
  expect(affordable(of(Number.POSITIVE_INFINITY, 1), 1e9, 1)).toBe(0);
  // A cheap one does not jump the queue.
  expect(affordable(of(1, 100, 1), 30, 10)).toBe(1);
  // What comes after each training takes time too.
  const after = (...seconds: readonly number[]) =>
    of(2, 1).map((training, i) => ({ ...training, after: seconds[i]! }));
  expect(affordable(after(5, 5), 40, 10)).toBe(2);
  expect(affordable(after(5, 6), 40, 10)).toBe(1);
});

test('time is shared so that all networks have the same number of epochs, beside what comes after each', () => {
  expect(ownSeconds([{ epoch: 3, after: 5 }], 40)).toBe(40);
  const trainings = [
    { epoch: 3, after: 5 },
    { epoch: 1, after: 3 },
  ];
  // 8 seconds for what comes after, 32 for 8 epochs of both.
  const first = ownSeconds(trainings, 40);
  expect(first).toBe(8 * 3 + 5);
  expect(ownSeconds(trainings.slice(1), 40 - first)).toBe(8 * 1 + 3);
  // Half of the time is for training, however much comes after.
  expect(ownSeconds(trainings, 8)).toBe(3 + 2.5);
});

test('of equally accurate networks the cheaper one is taken; in 8 bits, the accuracy there counts', () => {
  const members = [
    { measures: { valAccuracy: 0.9, int8ValAccuracy: 0.7, macs: 5 } },
    { measures: { valAccuracy: 0.9, int8ValAccuracy: 0.8, macs: 4 } },
    { measures: { valAccuracy: 0.8, int8ValAccuracy: 0.85, macs: 1 } },
  ];
  expect(mostAccurate(members, false)).toBe(members[1]);
  expect(mostAccurate(members, true)).toBe(members[2]);
  expect(mostAccurate([], false)).toBeNull();
});

test('a network that could not be quantised comes after all that could', () => {
  const members = [
    { measures: { valAccuracy: 0.95, macs: 5 } },
    { measures: { valAccuracy: 0.9, int8ValAccuracy: 0.8, macs: 4 } },
  ];
  expect(mostAccurate(members, true)).toBe(members[1]);
  expect(mostAccurate(members.slice(0, 1), true)).toBe(members[0]);
});

describe('trained networks beside the bounds', () => {
  const bound = [{ measure: 'latencyMs', max: 2 }];
  const member = (trial: number, valAccuracy: number, latencyMs: number) => ({
    trial,
    measures: { valAccuracy, latencyMs },
  });
  const members = [member(0, 0.9, 2.5), member(1, 0.8, 1.5), member(2, 0.7, 1.6)];

  test('those within come first; where none is, all are left', () => {
    expect(withinBounds(members, bound).map((m) => m.trial)).toEqual([1, 2]);
    expect(withinBounds(members.slice(0, 1), bound)).toHaveLength(1);
  });

  test('what is over a bound is said with both figures, and what another one dominates is marked', () => {
    expect(standings(members, [ACCURACY, LATENCY], bound)).toEqual([
      { overBounds: ['latency (median, batch 1) 2.5, bound 2'], dominated: false },
      { overBounds: [], dominated: false },
      { overBounds: [], dominated: true },
    ]);
  });

  test('a replacement must keep what the first one would have had to', () => {
    const before = [trial(0, { latencyMs: 2 }), trial(1, { latencyMs: 1 })];
    expect(replacementBounds(members, before, bound)).toBeNull();
    expect(replacementBounds([], before, bound)).toBeNull();
    expect(replacementBounds(members.slice(0, 1), before, bound)).toEqual([
      { measure: 'latencyMs', max: 1.6 },
    ]);
  });
});
