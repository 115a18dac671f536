import { expect, test } from 'vitest';
import { networkCost } from '../network/cost.ts';
import { createMemoryStorage } from '../storage/memory.ts';
import { STRATEGIES } from '../strategy/index.ts';
import { runStudy } from './run-study.ts';
import { openStudy } from './study.ts';
import { definition, forever, score, table } from './testing/tiny-study.ts';

/** The more weights, the better; networks of one activation cannot be scored. */
function scorer() {
  const asked: string[] = [];
  return {
    asked,
    name: 'size',
    score: async (network: Parameters<typeof networkCost>[0]) => {
      await new Promise((resolve) => setImmediate(resolve));
      asked.push(JSON.stringify(network));
      const sums = network.nodes.some(
        ({ operator }) => operator.kind === 'activation' && operator.name === 'silu',
      );
      return sums ? Number.NaN : networkCost(network).params;
    },
  };
}

async function run(trials: number, storage = createMemoryStorage(), scored = scorer()) {
  const study = await openStudy(
    { ...definition(1, STRATEGIES['warm-evolution']), scorers: [scored] },
    storage,
  );
  await runStudy({ study, trials, deadline: null, signal: forever, evaluate: async (a) => score(a) });
  return { trials: study.trials(), asked: scored.asked };
}

test('a strategy finds scores that take time, each computed once', async () => {
  const { trials, asked } = await run(3);
  // Of 120 networks 40 are looked at, always the same.
  expect(asked.length).toBe(40);
  const { hidden, activation } = trials[0]!.genome as { hidden: number; activation: string };
  expect(hidden).toBeGreaterThan(30);
  expect(activation).not.toBe('silu');
  expect(new Set(asked).size).toBe(asked.length);
});

test('a study gone on with has the scores already, and the same trials', async () => {
  const whole = await run(12);
  const storage = createMemoryStorage();
  await run(5, storage);
  const rest = await run(12, storage);
  expect(rest.asked).toEqual([]);
  expect(table(rest.trials)).toEqual(table(whole.trials));
});
