import { expect, test } from 'vitest';
import { OUT_OF_TIME } from '../study/run-study.ts';
import type { Trial } from '../study/trial.ts';
import { furthestTrial, wayOut, whyNone } from './no-trial.ts';

const trial = (number: number, rest: Partial<Trial> & { readonly accuracies?: readonly number[] }): Trial => {
  const { accuracies = [], ...fields } = rest;
  return {
    number,
    state: 'pruned',
    genome: number,
    hash: String(number),
    fidelity: 0,
    measures: {},
    curve: accuracies.map((valAccuracy, i) => ({
      epoch: i + 1,
      trainLoss: 1,
      valLoss: 1,
      valAccuracy,
      seconds: i,
    })),
    reason: OUT_OF_TIME,
    startedAt: 0,
    endedAt: 1,
    ...fields,
  };
};

test('of the trials that the clock ended, the one whose last accuracy is best', () => {
  const trials = [
    trial(0, { accuracies: [0.9, 0.4] }),
    trial(1, { accuracies: [0.5] }),
    trial(2, { accuracies: [0.99], reason: 'latency 3.00 ms is over the bound of 2 ms' }),
    trial(3, { accuracies: [0.8], measures: { macs: 2000 } }),
  ];
  expect(furthestTrial(trials, [{ measure: 'macs', max: 1000 }])?.number).toBe(1);
});

test('where none came to an epoch, the smallest; none where the clock is not to blame', () => {
  const trials = [300, 100, 200].map((macs, i) => trial(i, { measures: { macs } }));
  expect(furthestTrial(trials, [])?.number).toBe(1);
  expect(furthestTrial([trial(0, { state: 'failed', reason: 'out of memory' })], [])).toBe(null);
});

test('the commonest reason comes first, with how often; figures do not tell reasons apart', () => {
  const slow = [2.5, 3.5, 2.25].map((ms, i) =>
    trial(i, { reason: `latency ${ms.toFixed(2)} ms is over the bound of 2 ms` }),
  );
  const crashed = trial(3, { state: 'failed', reason: 'out of memory: used 2 GiB of 1 GiB allowed' });
  const why = whyNone([crashed, ...slow], []);
  expect(why).toBe(
    '3 of them: latency 2.25 ms is over the bound of 2 ms; 1 of them: out of memory: used 2 GiB of 1 GiB allowed',
  );
  expect(wayOut(why, 'runs/x')).toContain('Raise the bound');
});

test('complete trials that break a bound are told with their figures', () => {
  const over = trial(0, { state: 'complete', reason: null, measures: { 'latencyMs@phone': 7 } });
  expect(whyNone([over], [{ measure: 'latencyMs@phone', max: 5 }])).toBe(
    '1 of them: latencyMs@phone 7 is over the bound of 5',
  );
});
