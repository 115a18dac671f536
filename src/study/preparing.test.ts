import { expect, test } from 'vitest';
import { createMemoryStorage } from '../storage/memory.ts';
import { STRATEGIES } from '../strategy/index.ts';
import type { Strategy } from '../strategy/strategy.ts';
import { runStudy } from './run-study.ts';
import { type Asked, openStudy } from './study.ts';
import { definition, forever, score, table } from './testing/tiny-study.ts';

/** A random search that takes long steps before its fourth trial. */
function slow(steps: number): { readonly strategy: Strategy; readonly prepared: number[] } {
  const prepared: number[] = [];
  return {
    prepared,
    strategy: {
      ...STRATEGIES.random,
      *prepare({ history }) {
        if (history.length !== 3) return;
        for (let i = 0; i < steps; i++) {
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60);
          prepared.push(i);
          yield i / steps;
        }
      },
    },
  };
}

test('what a strategy prepares is told, and changes nothing', async () => {
  const run = async (strategy: Strategy) => {
    const study = await openStudy(definition(1, strategy), createMemoryStorage());
    const told: number[] = [];
    const onPreparing = (_: string, share: number): void => void told.push(share);
    const evaluate = async (asked: Asked) => score(asked);
    await runStudy({ study, trials: 6, deadline: null, signal: forever, evaluate, onPreparing });
    return { trials: table(study.trials()), told };
  };
  const plain = await run(STRATEGIES.random);
  const prepared = await run(slow(3).strategy);
  expect(prepared.trials).toEqual(plain.trials);
  expect([plain.told, prepared.told]).toEqual([[], [0, 1 / 3, 2 / 3]]);
});

test('a study is interrupted while its strategy prepares, and goes on from there', async () => {
  const storage = createMemoryStorage();
  const { strategy, prepared } = slow(50);
  const stop = new AbortController();
  const evaluate = async (asked: Asked) => score(asked);
  const study = await openStudy(definition(1, strategy), storage);
  const onPreparing = (): void => stop.abort(new Error('interrupted'));
  const end = await runStudy({
    study,
    trials: 6,
    deadline: null,
    signal: stop.signal,
    evaluate,
    onPreparing,
  });
  expect(end).toBe('interrupted');
  expect(study.trials()).toHaveLength(3);
  expect(prepared.length).toBeLessThan(5);
  const again = await openStudy(definition(1, slow(1).strategy), storage);
  expect(await runStudy({ study: again, trials: 6, deadline: null, signal: forever, evaluate })).toBe(
    'trials',
  );
  expect(again.trials()).toHaveLength(6);
});
