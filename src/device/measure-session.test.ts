import { afterEach, expect, test, vi } from 'vitest';
import { blockSize, type TimedSession, timeRun } from './engine.ts';
import { measureSession, timingDoubts } from './measure-session.ts';

afterEach(() => vi.restoreAllMocks());

test('with a coarse clock short models are timed several at once', async () => {
  const RUN = 0.0076;
  let now = 0;
  // A browser's clock: rounded down to whole milliseconds.
  vi.spyOn(performance, 'now').mockImplementation(() => Math.floor(now));
  const session: TimedSession = {
    inputs: [{ name: 'x', type: 'float32', shape: [1, 256] }],
    run: async () => {
      now += RUN;
      return {};
    },
    release: async () => undefined,
  };
  const engine = { load: async () => session, clockStepMs: 1 };
  const found = await measureSession(engine, Uint8Array.of(), { maxSeconds: 0.5 });
  // Without blocks nearly all times would be 0.
  expect(found.averagedOver).toBeGreaterThan(100);
  expect(found.runs % found.averagedOver).toBe(0);
  // A block is fifty steps of the clock at least: its time is rounded by 2 % at most.
  for (const ms of [found.lowMs, found.p50Ms, found.highMs])
    expect(Math.abs(ms / RUN - 1)).toBeLessThan(0.021);
  expect(found.lowMs).toBeLessThanOrEqual(found.p50Ms);
  expect(found.highMs).toBeGreaterThanOrEqual(found.p50Ms);
  const exact = await measureSession({ ...engine, clockStepMs: 0 }, Uint8Array.of(), { maxSeconds: 0.01 });
  expect(exact.averagedOver).toBe(1);
});

test('a block is fifty steps of the clock', async () => {
  let clock = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => clock);
  const runs = (ms: number) => ({
    run: async () => {
      clock += ms;
      return {};
    },
  });
  expect(await blockSize(runs(0.5), {}, 0.1)).toBe(10);
  expect(await blockSize(runs(20), {}, 0.1)).toBe(1);
  expect(await blockSize(runs(1e-9), {}, 0)).toBe(1);
  expect(await timeRun(runs(2), {}, 5)).toBe(10);
});

test('doubts that show in the times', () => {
  const quiet = {
    p50Ms: 2,
    lowMs: 1.99,
    highMs: 2.01,
    wide: false,
    reference: { medianMs: 1, drift: 0.01, spread: 0.02 },
  };
  expect(timingDoubts(quiet)).toEqual([]);
  expect(timingDoubts({ ...quiet, wide: true })).toEqual([expect.stringContaining('time was out')]);
  const drifting = { ...quiet, reference: { medianMs: 1, drift: -0.1, spread: 0.3 } };
  expect(timingDoubts(drifting)).toEqual([
    expect.stringContaining('became faster by 10 %'),
    expect.stringContaining('varied by 30 %'),
  ]);
});
