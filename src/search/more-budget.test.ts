import { expect, test } from 'vitest';
import { withMore } from './more-budget.ts';
import { SearchOptions } from './options.ts';
import type { SearchPlan } from './plan.ts';

const options = SearchOptions.parse({ data: 'drawn', out: 'run' });
const plan: SearchPlan = {
  trials: 10,
  workers: 2,
  threads: 1,
  finalThreads: 2,
  epochs: 3,
  finalEpochs: 20,
  dataShare: 0.5,
  resolution: 1,
  time: null,
};
const timed: SearchPlan = {
  ...plan,
  finalEpochs: null,
  time: { trialSeconds: 5, searchSeconds: 40, totalSeconds: 100, maxMacs: 1e6 },
};

test('more trials and epochs; what a trial sees stays', () => {
  expect(withMore(plan, options, { trials: 30 })).toEqual({ ...plan, trials: 30 });
  expect(withMore(plan, options, { finalEpochs: 50 })).toEqual({ ...plan, finalEpochs: 50 });
  expect(withMore(plan, options, {})).toEqual(plan);
});

test('more time goes to search and final training alike; the bound that is part of the study stays', () => {
  expect(withMore(timed, options, { timeSeconds: 200 })).toEqual({
    ...timed,
    trials: 20,
    time: { ...timed.time, searchSeconds: 80, totalSeconds: 200 },
  });
  expect(withMore(timed, { ...options, trials: 10 }, { timeSeconds: 200 }).trials).toBe(10);
});

test('a run without a time limit gets none', () => {
  expect(() => withMore(plan, options, { timeSeconds: 60 })).toThrow('begun without a time limit');
});
