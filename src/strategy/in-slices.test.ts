import { expect, test } from 'vitest';
import { inSlices } from './in-slices.ts';
import { STRATEGIES } from './index.ts';
import { warmStarted } from './warm-start.ts';

/** Each step blocks longer than a slice lasts. */
function* slowly(steps: number, done: number[]): Generator<number> {
  for (let i = 0; i < steps; i++) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60);
    done.push(i);
    yield i / steps;
  }
}

test('other work has its turn between the steps, and progress is told', async () => {
  const done: number[] = [];
  const seen: number[] = [];
  const told: number[] = [];
  setImmediate(() => seen.push(done.length));
  await inSlices(slowly(4, done), undefined, (share) => told.push(share));
  expect(done).toEqual([0, 1, 2, 3]);
  expect(seen).toEqual([1]);
  expect(told).toEqual([0, 0.25, 0.5, 0.75]);
});

test('it ends between two steps with what the signal was aborted with', async () => {
  const done: number[] = [];
  const stop = new AbortController();
  const reason = new Error('enough');
  setImmediate(() => stop.abort(reason));
  await expect(inSlices(slowly(50, done), stop.signal)).rejects.toBe(reason);
  expect(done.length).toBeLessThan(5);
});

test.each(['auto', 'gp', 'forest'] as const)('%s prepares the list that it is about to look at', (name) => {
  const asked: number[] = [];
  const request = (trials: number) =>
    ({
      history: Array.from({ length: trials }, (_, number) => ({ number })),
      running: [],
      objectives: 1,
      listed: () => {
        asked.push(trials);
        return null;
      },
    }) as unknown as Parameters<(typeof STRATEGIES)['auto']['suggest']>[0];
  for (const strategy of [STRATEGIES[name], warmStarted(STRATEGIES[name], {})]) {
    expect([...strategy.prepare!(request(3))]).toEqual([]);
    expect([...strategy.prepare!(request(20))]).toEqual([]);
  }
  expect(asked).toEqual([20, 20]);
  // Trials of an earlier study count.
  const earlier = Array.from({ length: 20 }, (_, number) => ({ number }));
  const warm = warmStarted(STRATEGIES[name], { observations: earlier as never });
  expect([...warm.prepare!(request(0))]).toEqual([]);
  expect(asked).toEqual([20, 20, 0]);
});
