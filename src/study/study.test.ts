import fc from 'fast-check';
import { expect, test } from 'vitest';
import { networkBuilder } from '../network/builder.ts';
import { createRandom } from '../random.ts';
import { int, oneOf, struct } from '../space/choice.ts';
import { defineSpace } from '../space/define-space.ts';
import { createMemoryStorage } from '../storage/memory.ts';
import { STRATEGIES } from '../strategy/index.ts';
import type { Strategy } from '../strategy/strategy.ts';
import { runStudy } from './run-study.ts';
import { type Asked, type Outcome, openStudy, type StudyDefinition } from './study.ts';

const space = defineSpace({
  name: 'tiny',
  description: 'One hidden layer.',
  choices: struct({ hidden: int(1, 40), activation: oneOf(['relu', 'tanh', 'silu']) }),
  build: ({ hidden, activation }, io) => {
    const b = networkBuilder(io.inputShape);
    const x = b.activation(b.linear(b.flatten(b.input), { out: hidden }), activation);
    return b.build([b.linear(x, { out: io.outputs })]);
  },
});

const definition = (parallelism: number, strategy: Strategy = STRATEGIES.evolution): StudyDefinition => ({
  space,
  io: { inputShape: [1, 4, 4], outputs: 3 },
  strategy,
  objectives: [{ measure: 'valAccuracy', direction: 'maximise' }],
  constraints: [],
  seed: 'study-test',
  parallelism,
});

/** A made-up accuracy with its optimum inside the space; some candidates fail. */
function score({ trial }: Asked): Outcome {
  const { hidden, activation } = trial.genome as { hidden: number; activation: string };
  if (hidden % 13 === 0) return { state: 'failed', measures: {}, curve: [], reason: 'made to fail' };
  const valAccuracy = 1 - Math.abs(hidden - 23) / 40 - (activation === 'tanh' ? 0 : 0.1);
  return { state: 'complete', measures: { valAccuracy }, curve: [], reason: null };
}

const pause = (turns: number): Promise<void> =>
  new Promise((resolve) => {
    const tick = (left: number): void => void (left === 0 ? resolve() : setImmediate(() => tick(left - 1)));
    tick(turns);
  });

const forever = new AbortController().signal;
const TRIALS = 30;

async function undisturbed(parallelism: number): Promise<unknown> {
  const study = await openStudy(definition(parallelism), createMemoryStorage());
  await runStudy({
    study,
    trials: TRIALS,
    deadline: null,
    signal: forever,
    evaluate: async (asked) => score(asked),
  });
  return table(study.trials());
}

const table = (trials: readonly Asked['trial'][]): unknown =>
  trials.map(({ number, state, genome, hash, measures, reason }) => ({
    number,
    state,
    genome,
    hash,
    measures,
    reason,
  }));

test.each([1, 2, 3])('with %i workers the finishing order changes nothing', async (parallelism) => {
  const expected = await undisturbed(parallelism);
  await fc.assert(
    fc.asyncProperty(fc.integer(), async (seed) => {
      const random = createRandom(seed);
      const study = await openStudy(definition(parallelism), createMemoryStorage());
      const evaluate = async (asked: Asked): Promise<Outcome> => {
        await pause(random.int(6));
        return score(asked);
      };
      await runStudy({ study, trials: TRIALS, deadline: null, signal: forever, evaluate });
      expect(table(study.trials())).toEqual(expected);
    }),
    { numRuns: 12, seed: 1 },
  );
});

test.each([1, 2, 3])(
  'with %i workers, stopped anywhere and opened again, the table is the same',
  async (parallelism) => {
    const expected = await undisturbed(parallelism);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 8 }), { maxLength: 8 }), async (sessions) => {
        const storage = createMemoryStorage();
        for (const length of [...sessions, Number.POSITIVE_INFINITY]) {
          const study = await openStudy(definition(parallelism), storage);
          const stop = new AbortController();
          let left = length;
          const evaluate = async (asked: Asked): Promise<Outcome> => {
            await pause(asked.trial.number % 3);
            if (--left < 0) stop.abort();
            return score(asked);
          };
          await runStudy({ study, trials: TRIALS, deadline: null, signal: stop.signal, evaluate });
        }
        const study = await openStudy(definition(parallelism), storage);
        expect(table(study.trials())).toEqual(expected);
      }),
      { numRuns: 12, seed: 2 },
    );
  },
);

test('evolution finds better candidates than random search', async () => {
  const bestOf = async (strategy: Strategy, seed: number): Promise<number> => {
    const study = await openStudy({ ...definition(1, strategy), seed }, createMemoryStorage());
    await runStudy({
      study,
      trials: 30,
      deadline: null,
      signal: forever,
      evaluate: async (asked) => score(asked),
    });
    return Math.max(...study.trials().map((t) => t.measures.valAccuracy ?? 0));
  };
  const mean = async (strategy: Strategy): Promise<number> => {
    let sum = 0;
    for (let seed = 0; seed < 20; seed++) sum += await bestOf(strategy, seed);
    return sum / 20;
  };
  expect(await mean(STRATEGIES.evolution)).toBeGreaterThan((await mean(STRATEGIES.random)) + 0.01);
});

test('no network is tried twice, and the space ends', async () => {
  const study = await openStudy(definition(2), createMemoryStorage());
  const end = await runStudy({
    study,
    trials: 1000,
    deadline: null,
    signal: forever,
    evaluate: async (asked) => score(asked),
  });
  expect(end).toBe('exhausted');
  expect(study.trials().length).toBe(120);
  expect(new Set(study.trials().map((t) => t.hash)).size).toBe(120);
});

test('bounds are met before anything runs, and a bound that nothing meets is an error', async () => {
  const bounded = { ...definition(1), constraints: [{ measure: 'params', max: 100 }] };
  const study = await openStudy(bounded, createMemoryStorage());
  await runStudy({
    study,
    trials: 200,
    deadline: null,
    signal: forever,
    evaluate: async (asked) => score(asked),
  });
  expect(study.trials().length).toBeGreaterThan(3);
  for (const trial of study.trials()) expect(trial.measures.params).toBeLessThanOrEqual(100);

  const impossible = await openStudy(
    { ...definition(1), constraints: [{ measure: 'params', max: 5 }] },
    createMemoryStorage(),
  );
  await expect(impossible.ask()).rejects.toMatchObject({ code: 'INFEASIBLE' });
});

test('an objective that is not a number is a failed trial', async () => {
  const study = await openStudy(definition(1), createMemoryStorage());
  const asked = await study.ask();
  const told = await study.tell(asked!.trial.number, {
    state: 'complete',
    measures: { valAccuracy: Number.NaN },
    curve: [],
    reason: null,
  });
  expect(told).toMatchObject({ state: 'failed', reason: 'valAccuracy is not a number' });
});

test('an evaluation that throws costs its trial only', async () => {
  const study = await openStudy(definition(2), createMemoryStorage());
  const evaluate = async (asked: Asked): Promise<Outcome> => {
    if (asked.trial.number === 1) throw new Error('worker gone');
    return score(asked);
  };
  await runStudy({ study, trials: 5, deadline: null, signal: forever, evaluate });
  expect(study.trials()[1]).toMatchObject({ state: 'failed', reason: 'worker gone' });
  expect(study.trials().length).toBe(5);
});

test('at the deadline running trials are ended', async () => {
  const study = await openStudy(definition(2), createMemoryStorage());
  const evaluate = (_: Asked, signal: AbortSignal): Promise<Outcome> =>
    new Promise((resolve) => {
      signal.addEventListener('abort', () =>
        resolve({ state: 'failed', measures: {}, curve: [], reason: 'stopped' }),
      );
    });
  const end = await runStudy({ study, trials: null, deadline: Date.now() + 50, signal: forever, evaluate });
  expect(end).toBe('deadline');
  expect(study.trials().map((t) => t.state)).toEqual(['pruned', 'pruned']);
});
