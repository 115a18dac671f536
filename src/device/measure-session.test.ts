import { afterEach, expect, test, vi } from 'vitest';
import { encodeModel } from '../onnx/encode.ts';
import { createGraphBuilder } from '../onnx/graph-builder.ts';
import { blockSize, timeRun } from './engine.ts';
import { localEngine } from './local-engine.ts';
import { measureSession, timingDoubts } from './measure-session.ts';

afterEach(() => vi.restoreAllMocks());

/** A browser's clock: rounded down to whole steps. */
function coarsen(stepMs: number): void {
  const exact = performance.now.bind(performance);
  vi.spyOn(performance, 'now').mockImplementation(() => Math.floor(exact() / stepMs) * stepMs);
}

function small(): Uint8Array {
  const g = createGraphBuilder({ name: 'small' });
  g.output(g.op('Abs', [g.input('x', 'float32', [1, 256])]));
  return encodeModel(g.build());
}

test('with a coarse clock short models are timed several at once', async () => {
  const STEP = 1;
  const exact = await measureSession(localEngine(1), small(), { maxSeconds: 0.2 });
  expect(exact.averagedOver).toBe(1);
  coarsen(STEP);
  const { p50Ms, lowMs, highMs, averagedOver, runs } = await measureSession(
    { ...localEngine(1), clockStepMs: STEP },
    small(),
    { maxSeconds: 0.5 },
  );
  // Without blocks nearly all times would be 0.
  expect(averagedOver).toBeGreaterThan(100);
  expect(runs % averagedOver).toBe(0);
  // Within what a busy machine may do between the two; a block taken for one run would be a hundred times as long.
  expect(p50Ms).toBeGreaterThan(exact.p50Ms / 8);
  expect(p50Ms).toBeLessThan(exact.p50Ms * 8);
  expect(lowMs).toBeLessThanOrEqual(p50Ms);
  expect(highMs).toBeGreaterThanOrEqual(p50Ms);
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
