import { expect, test } from 'vitest';
import { createRandom } from '../random.ts';
import { timeRuns } from './time-runs.ts';

/** Plays a series of times instead of a model. */
const play = (time: (i: number) => number) => {
  let calls = 0;
  return Object.assign(async () => time(calls++), { calls: () => calls });
};

test('steady times give a narrow interval soon', async () => {
  const random = createRandom(1);
  const run = play(() => 2 * (1 + 0.005 * random.normal()));
  const timing = await timeRuns(run, {});
  expect(timing.wide).toBe(false);
  expect(timing.medianMs).toBeCloseTo(2, 1);
  expect(timing.lowMs).toBeLessThanOrEqual(timing.medianMs);
  expect(timing.highMs).toBeGreaterThanOrEqual(timing.medianMs);
  expect(timing.p95Ms).toBeGreaterThan(timing.highMs);
  expect(timing.runs).toBeGreaterThanOrEqual(30);
  // 6 batches of 40 ms and the warm-up: far less than the 3 s allowed.
  expect(run.calls()).toBeLessThan(400);
});

test('the slow first runs do not count', async () => {
  const run = play((i) => (i < 20 ? 25 - i : 5));
  const timing = await timeRuns(run, {});
  expect(timing).toMatchObject({ medianMs: 5, lowMs: 5, highMs: 5, wide: false });
  expect(timing.runs).toBeLessThan(run.calls() - 20);
});

test('times that never settle are said to be wide, within the time allowed', async () => {
  const random = createRandom(2);
  const run = play(() => Math.exp(random.normal()));
  const timing = await timeRuns(run, { maxSeconds: 0.5 });
  expect(timing.wide).toBe(true);
  expect(timing.runs).toBeGreaterThan(50);
});

test('phases of the machine widen the interval although single runs within one agree', async () => {
  // 100 runs at 1 ms, 100 at 1.3 ms, and so on: over single runs alone the interval would be narrow too soon.
  const run = play((i) => (Math.floor(i / 100) % 2 === 0 ? 1 : 1.3));
  const timing = await timeRuns(run, { maxSeconds: 1 });
  expect(timing).toMatchObject({ wide: true, lowMs: 1, highMs: 1.3 });
});

test('far over the bound: ends early, and the interval lies above the bound', async () => {
  const random = createRandom(3);
  const noisy = () => 50 * (1 + 0.2 * random.next());
  const bounded = play(noisy);
  const free = play(noisy);
  const timing = await timeRuns(bounded, { maxMs: 10 });
  await timeRuns(free, {});
  expect(timing.lowMs).toBeGreaterThan(10);
  expect(bounded.calls()).toBeLessThan(free.calls() * 0.7);
});

test('a very slow model is run four times, not thirty', async () => {
  const run = play(() => 20_000);
  const timing = await timeRuns(run, { maxSeconds: 1 });
  expect(run.calls()).toBe(4);
  expect(timing).toMatchObject({ runs: 3, wide: true, medianMs: 20_000 });
});

test('an abort ends it between runs', async () => {
  const controller = new AbortController();
  const run = play((i) => {
    if (i === 10) controller.abort(new Error('enough'));
    return 1;
  });
  await expect(timeRuns(run, { signal: controller.signal })).rejects.toThrow('enough');
  expect(run.calls()).toBe(11);
});

test('what is done before each batch is not counted, and so many batches are made', async () => {
  const order: string[] = [];
  const run = play(() => {
    order.push('run');
    return 20;
  });
  const timing = await timeRuns(run, {
    minBatches: 14,
    beforeBatch: async () => {
      order.push('before');
    },
  });
  expect(timing).toMatchObject({ medianMs: 20, wide: false, runs: 42 });
  expect(order.filter((what) => what === 'before')).toHaveLength(14);
  // Batches of three runs, after the warm-up.
  expect(order.slice(order.indexOf('before')).join(' ')).toBe(Array(14).fill('before run run run').join(' '));
});
