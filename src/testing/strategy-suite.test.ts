/** The suite notices what it promises to: faulty strategies fail the tests that they should fail. */
import { expect, test } from 'vitest';
import { createRandom } from '../random.ts';
import type { Genome } from '../space/genome.ts';
import { sampleGenome } from '../space/sampling.ts';
import { STRATEGIES } from '../strategy/index.ts';
import type { Observation, Strategy, SuggestRequest } from '../strategy/strategy.ts';
import { strategySuite } from './strategy-suite.ts';

/** Proposes what a function names. */
const proposing =
  (choose: (request: SuggestRequest) => Genome | null): Strategy['suggest'] =>
  (request) => {
    const genome = choose(request);
    return genome === null ? null : { genome };
  };

/** Names of the suite's tests that fail, without the strategy's. */
async function failuresOf(suggest: Strategy['suggest']): Promise<string[]> {
  const failed: string[] = [];
  const faulty: Strategy = { name: 'faulty', description: 'Made to fail.', suggest };
  const bodies: (readonly [string, () => void | Promise<void>])[] = [];
  strategySuite((name, body) => bodies.push([name, body]), faulty);
  for (const [name, body] of bodies)
    try {
      await body();
    } catch {
      failed.push(name.replace('faulty: ', ''));
    }
  return failed;
}

const evolution = STRATEGIES.evolution.suggest;

test('a sound strategy fails nothing', async () => {
  expect(await failuresOf(evolution)).toEqual([]);
});

test.each<[string, (request: SuggestRequest) => Genome | null, string]>([
  ['invents genomes', () => ({ hidden: 0.5 }), 'gives valid genomes, none twice, in the space "twelve"'],
  [
    'ignores bounds and repetition',
    ({ space, random }) => sampleGenome(space, random),
    'keeps within a bound that few networks meet',
  ],
  [
    'gives up early',
    (r) => (r.history.length > 20 ? null : r.draw(r.random)),
    'gives valid genomes, none twice, in the space "nested"',
  ],
  [
    'draws from elsewhere',
    (r) => r.draw(r.random.split(Math.floor(performance.now() * 1e6))),
    'answers the same request alike, also after others',
  ],
  [
    'ignores its random stream',
    (r) => evolution({ ...r, random: constant(r) })!.genome,
    'two searches with the same results are the same, with another seed another',
  ],
  [
    'sorts the history in place',
    (r) => {
      (r.history as Observation[]).sort((a, b) => b.number - a.number);
      return r.draw(r.random);
    },
    'takes 2 objectives',
  ],
  [
    'needs a feasible trial',
    (r) => (r.history.length > 8 && !r.history.some((o) => o.feasible) ? null : r.draw(r.random)),
    'goes on when all trials are infeasible',
  ],
  [
    'reads the values of failed trials',
    (r) => (r.history.some((o) => o.values![0] === 2) ? null : r.draw(r.random)),
    'goes on over failed, pruned, infeasible and NaN trials',
  ],
  [
    'expects running trials in order',
    (r) => (r.running.some((t, i) => t.number !== r.history.length + i) ? null : r.draw(r.random)),
    'takes running trials in any order',
  ],
  [
    'believes its proxies',
    (r) => (r.proxies.some(({ score }) => Number.isNaN(score({}))) ? null : r.draw(r.random)),
    'useless proxies, in the space "nested"',
  ],
  [
    'draws by the clock',
    (r) => r.draw(r.random.split(Math.floor(performance.now() * 1e6))),
    'a study of it, killed and gone on with, results in any order, 4 at once, has the same trials',
  ],
  [
    'knows one space only',
    (r) => (r.space.name.startsWith('random') ? null : r.draw(r.random)),
    '20 random spaces, each to its end or for 10 trials',
  ],
  [
    'expects small networks',
    (r) => (r.space.name === 'residual' ? null : r.draw(r.random)),
    'networks of the preset "residual"',
  ],
  [
    'needs two feasible trials',
    (r) =>
      r.objectives === 2 && r.history.length > 8 && r.history.filter((o) => o.feasible).length < 3
        ? null
        : r.draw(r.random),
    'bounds that most trials break, two objectives',
  ],
])('a strategy that %s is found out', async (_, suggest, promise) => {
  expect(await failuresOf(proposing(suggest))).toContain(promise);
});

test('a strategy that remembers is found out', async () => {
  let calls = 0;
  const failed = await failuresOf(proposing((r) => r.draw(r.random.split(calls++))));
  expect(failed).toContain('answers the same request alike, also after others');
});

/** A stream that is the same whatever the seed. */
function constant({ history, running }: SuggestRequest) {
  return createRandom(history.length + running.length);
}
