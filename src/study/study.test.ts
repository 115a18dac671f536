import fc from 'fast-check';
import { expect, test } from 'vitest';
import { networkBuilder } from '../network/builder.ts';
import { networkCost } from '../network/cost.ts';
import { createRandom } from '../random.ts';
import { oneOf, struct } from '../space/choice.ts';
import { defineSpace } from '../space/define-space.ts';
import { createMemoryStorage } from '../storage/memory.ts';
import type { Json } from '../storage/storage.ts';
import { STRATEGIES } from '../strategy/index.ts';
import type { Observation, Strategy } from '../strategy/strategy.ts';
import type { StudyDefinition } from './definition.ts';
import { observe } from './observe.ts';
import { runStudy } from './run-study.ts';
import { type Asked, type Outcome, openStudy } from './study.ts';
import { definition, forever, pause, score, table } from './testing/tiny-study.ts';

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
  await expect(impossible.ask()).rejects.toMatchObject({
    code: 'INFEASIBLE',
    message: expect.stringMatching(/keeps parameters ≤ 5$/),
    hint: expect.stringMatching(/^The nearest that was found has parameters \d+\./),
  });
});

test('why no genome can be built is told', async () => {
  const space = defineSpace({
    name: 'too deep',
    description: 'Pooled away.',
    choices: struct({ pools: oneOf([5, 6]) }),
    build: ({ pools }, io) => {
      const b = networkBuilder(io.inputShape);
      let x = b.input;
      for (let i = 0; i < pools; i++) x = b.maxPool(x, { kernel: 2 });
      return b.build([b.linear(b.flatten(x), { out: io.outputs })]);
    },
  });
  const io = { inputShape: [1, 4, 4], outputs: 2 } as const;
  const study = await openStudy({ ...definition(1), space, io }, createMemoryStorage());
  await expect(study.ask()).rejects.toMatchObject({
    code: 'UNBUILDABLE',
    message: expect.stringMatching(/images of 1×4×4: Layer "maxPool3" .*2×2 window does not fit into 1×1/),
  });
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

test('asked twice at once, it gives two trials', async () => {
  const study = await openStudy(definition(2), createMemoryStorage());
  const [first, second] = await Promise.all([study.ask(), study.ask()]);
  expect([first!.trial.number, second!.trial.number]).toEqual([0, 1]);
  expect(second!.trial.hash).not.toBe(first!.trial.hash);
});

test('a trial whose history is not finished is not given', async () => {
  const study = await openStudy(definition(2), createMemoryStorage());
  await study.ask();
  const second = await study.ask();
  await study.tell(second!.trial.number, score(second!));
  expect(study.ready()).toBe(false);
  await expect(study.ask()).rejects.toThrow('trial 2 was asked for before trial 0 was finished');
});

test('a trial is told once', async () => {
  const study = await openStudy(definition(1), createMemoryStorage());
  const asked = await study.ask();
  const told = [study.tell(0, score(asked!)), study.tell(0, score(asked!))];
  const [first, second] = await Promise.allSettled(told);
  expect(first!.status).toBe('fulfilled');
  expect(second!.status).toBe('rejected');
});

test.each([
  ['seed', { seed: 'another' }],
  ['parallelism', { parallelism: 2 }],
  ['strategy', { strategy: STRATEGIES.random }],
  ['constraints', { constraints: [{ measure: 'params', max: 100 }] }],
])('a storage is not gone on with under another %s', async (name, change) => {
  const storage = createMemoryStorage();
  await openStudy(definition(1), storage);
  await openStudy(definition(1), storage);
  await expect(openStudy({ ...definition(1), ...change }, storage)).rejects.toMatchObject({
    code: 'STUDY_CHANGED',
    message: expect.stringContaining(name),
  });
});

test('a bound of infinity bounds nothing, before and after it was stored', async () => {
  const unbounded = { ...definition(1), constraints: [{ measure: 'macs', max: Number.POSITIVE_INFINITY }] };
  const storage = createMemoryStorage();
  await openStudy(unbounded, storage);
  await expect(openStudy(unbounded, storage)).resolves.toBeDefined();
  await expect(openStudy(definition(1), storage)).resolves.toBeDefined();
});

test('failed trials that are to be run again are, first of all; the others stay as they are', async () => {
  const storage = createMemoryStorage();
  const failing = async (asked: Asked): Promise<Outcome> =>
    asked.trial.number < 3
      ? { state: 'failed', measures: {}, curve: [], reason: 'the device was away' }
      : score(asked);
  const options = { trials: 6, deadline: null, signal: forever };
  await runStudy({ ...options, study: await openStudy(definition(1), storage), evaluate: failing });
  const before = table(await storage.trials()) as readonly { readonly genome: unknown }[];
  const study = await openStudy(definition(1), storage, new Set([0, 2, 5]));
  expect(study.interrupted().map(({ trial }) => trial.number)).toEqual([0, 2]);
  const ran: number[] = [];
  const evaluate = async (asked: Asked): Promise<Outcome> => {
    ran.push(asked.trial.number);
    return { state: 'complete', measures: { valAccuracy: 0.5 }, curve: [], reason: null };
  };
  await runStudy({ ...options, study, evaluate });
  expect(ran).toEqual([0, 2]);
  const trials = await storage.trials();
  expect(trials.slice(0, 3).map(({ state }) => state)).toEqual(['complete', 'failed', 'complete']);
  expect(trials.map(({ genome }) => genome)).toEqual(before.map(({ genome }) => genome));
});

test('a bound on what is foreseen is kept while networks are proposed', async () => {
  const foreseen: NonNullable<StudyDefinition['foreseen']> = {
    measures: new Set(['latencyMs@board']),
    // A microsecond for each weight.
    of: (network) => ({ 'latencyMs@board': networkCost(network).params / 1000 }),
  };
  const max = 0.3;
  const bounded = { ...definition(1), constraints: [{ measure: 'latencyMs@board', max }], foreseen };
  const study = await openStudy(bounded, createMemoryStorage());
  await runStudy({
    study,
    trials: 12,
    deadline: null,
    signal: forever,
    evaluate: async (asked) => score(asked),
  });
  expect(study.trials()).toHaveLength(12);
  for (const { measures } of study.trials()) expect(measures['latencyMs@board']).toBeLessThanOrEqual(max);
  // Where nothing is foreseen the bound is one for trials to find out.
  const { foreseen: _, ...blind } = bounded;
  const found = await openStudy(blind, createMemoryStorage());
  expect((await found.ask())!.trial.measures['latencyMs@board']).toBeUndefined();
  const tight = { ...bounded, constraints: [{ measure: 'latencyMs@board', max: 1e-6 }] };
  await expect((await openStudy(tight, createMemoryStorage())).ask()).rejects.toThrow(
    /latency \(median, batch 1\) on board ≤ 0.000001 ms/,
  );
});
/** Every second trial, by number, is over the bound and costs nothing. */
const bounded = (parallelism: number) => ({
  ...definition(parallelism, STRATEGIES.random),
  constraints: [{ measure: 'latencyMs', max: 1 }],
});
const overEverySecond = async (asked: Asked): Promise<Outcome> =>
  asked.trial.number % 2 === 0
    ? { state: 'pruned', measures: { latencyMs: 2 }, curve: [], reason: 'over' }
    : { ...score(asked), measures: { ...score(asked).measures, latencyMs: 0.5 } };

test.each([1, 3])(
  'trials over a bound are not counted, with %i workers in any order',
  async (parallelism) => {
    const tables = [];
    for (const seed of [1, 2, 3]) {
      const random = createRandom(seed);
      const study = await openStudy(bounded(parallelism), createMemoryStorage());
      const evaluate = async (asked: Asked): Promise<Outcome> => {
        await pause(random.int(6));
        return overEverySecond(asked);
      };
      const end = await runStudy({ study, trials: 10, deadline: null, signal: forever, evaluate });
      expect(end).toBe('trials');
      const counted = study.trials().filter((trial) => trial.state !== 'pruned').length;
      // Suggestions under way when the last free trial is known may be one or two too many.
      expect(counted).toBeGreaterThanOrEqual(10);
      expect(counted).toBeLessThan(10 + parallelism);
      tables.push(table(study.trials()));
    }
    expect(tables[1]).toEqual(tables[0]);
    expect(tables[2]).toEqual(tables[0]);
  },
);

test('where all are over a bound, a search ends at three times its trials and says so', async () => {
  const study = await openStudy(bounded(2), createMemoryStorage());
  const evaluate = async (): Promise<Outcome> => ({
    state: 'pruned',
    measures: { latencyMs: 2 },
    curve: [],
    reason: 'over',
  });
  const end = await runStudy({ study, trials: 5, deadline: null, signal: forever, evaluate });
  expect(end).toBe('overBounds');
  expect(study.trials().length).toBe(15);
});

test('strategies are told by how much a bound was broken, also of what was never trained', async () => {
  const seen: Observation[] = [];
  const spy: Strategy = {
    ...STRATEGIES.random,
    suggest: (request) => {
      seen.splice(0, seen.length, ...request.history);
      return STRATEGIES.random.suggest(request);
    },
  };
  const study = await openStudy({ ...bounded(1), strategy: spy }, createMemoryStorage());
  await runStudy({ study, trials: 2, deadline: null, signal: forever, evaluate: overEverySecond });
  expect(seen[0]).toMatchObject({ values: null, feasible: false, measures: { latencyMs: 2 } });
  expect(seen[0]!.violation).toBeCloseTo(Math.log(2));
  expect(seen[0]!.margin).toBeCloseTo(Math.log(2));
  expect(seen[1]).toMatchObject({ violation: 0 });
  expect(seen[1]!.margin).toBeCloseTo(Math.log(0.5));
});

test('a study begins with the genomes given and knows the trials of earlier ones', async () => {
  const first = await openStudy(definition(1, STRATEGIES.random), createMemoryStorage());
  await runStudy({
    study: first,
    trials: 6,
    deadline: null,
    signal: forever,
    evaluate: async (a) => score(a),
  });
  const { objectives, constraints } = first.definition;
  const earlier = first.trials().map((trial) => observe(trial, objectives, constraints));
  const histories: (readonly Observation[])[] = [];
  const spy: Strategy = {
    ...STRATEGIES.random,
    suggest: (request) => {
      histories.push(request.history);
      return STRATEGIES.random.suggest(request);
    },
  };
  const given = [
    { hidden: 39, activation: 'silu' },
    { hidden: 17, activation: 'relu' },
  ];
  const warm = { ...definition(1, spy), startWith: given, earlier };
  const storage = createMemoryStorage();
  const study = await openStudy(warm, storage);
  await runStudy({ study, trials: 20, deadline: null, signal: forever, evaluate: async (a) => score(a) });
  expect(
    study
      .trials()
      .slice(0, 2)
      .map((t) => t.genome),
  ).toEqual(given);
  expect(histories[0]!.map((o) => o.hash).slice(0, 6)).toEqual(earlier.map((o) => o.hash));
  expect(histories[0]!.map((o) => o.number)).toEqual([-6, -5, -4, -3, -2, -1, 0, 1]);
  // The same seed would draw the same networks again.
  const known = new Set(earlier.map((o) => o.hash));
  expect(study.trials().filter((t) => known.has(t.hash))).toEqual([]);
  await expect(openStudy({ ...warm, startWith: [] }, storage)).rejects.toMatchObject({
    code: 'STUDY_CHANGED',
  });
  await expect(openStudy({ ...warm, earlier: [] }, storage)).rejects.toMatchObject({ code: 'STUDY_CHANGED' });
});

test('a genome to begin with that is none of the space is named', async () => {
  const warm = { ...definition(1), startWith: [{ hidden: 99, activation: 'relu' }] };
  await expect(openStudy(warm, createMemoryStorage())).rejects.toThrow(
    'hidden: 99 is not an integer from 1 to 40',
  );
});

test('a note of the strategy is kept with its trial', async () => {
  const noting: Strategy = {
    ...STRATEGIES.random,
    suggest: (request) => ({ ...STRATEGIES.random.suggest(request)!, note: 'drawn' }),
  };
  const study = await openStudy(definition(1, noting), createMemoryStorage());
  expect((await study.ask())!.trial.note).toBe('drawn');
});

test('a study of the time when networks were hashed in another way is refused with words', async () => {
  const storage = createMemoryStorage();
  await openStudy(definition(1), storage);
  const { hashes: _, ...former } = (await storage.artefact('study')) as Record<string, Json>;
  await storage.putArtefact('study', former);
  await expect(openStudy(definition(1), storage)).rejects.toThrow('hashes of networks of form = 1, not 2');
});

test.each<[string, Partial<StudyDefinition>]>([
  ['objectives are empty', { objectives: [] }],
  ['bound on params is 0', { constraints: [{ measure: 'params', max: 0 }] }],
  ['bound on params is NaN', { constraints: [{ measure: 'params', max: Number.NaN }] }],
  ['parallelism is 0', { parallelism: 0 }],
  ['parallelism is 1.5', { parallelism: 1.5 }],
  ['fidelities are []', { fidelities: [] }],
  ['fidelities are [3,1]', { fidelities: [3, 1] }],
  ['fidelities are [0,1]', { fidelities: [0, 1] }],
])('a definition that cannot be right is refused before anything is written: %s', async (what, part) => {
  const storage = createMemoryStorage();
  const opened = openStudy({ ...definition(1), ...part }, storage);
  await expect(opened).rejects.toMatchObject({ code: 'USAGE', message: `The study's ${what}` });
  expect(await storage.artefact('study')).toBeNull();
});
