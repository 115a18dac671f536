/** Strategies on problems whose answer is known. */
import { expect, test } from 'vitest';
import { networkBuilder } from '../network/builder.ts';
import { createRandom } from '../random.ts';
import { float, int, oneOf, struct } from '../space/choice.ts';
import { defineSpace } from '../space/define-space.ts';
import type { Genome } from '../space/genome.ts';
import { createCandidates } from '../study/candidates.ts';
import { STRATEGIES } from './index.ts';
import { hypervolume } from './pareto.ts';
import { radicalInverse } from './quasi-random.ts';
import { acceptance } from './simulated-annealing.ts';
import type { Observation, Strategy } from './strategy.ts';
import { warmStarted } from './warm-start.ts';

interface Point {
  readonly x: number;
  readonly n: number;
  readonly kind: string;
}

/** A float, an integer and a category: architecture and hyperparameters in one space. */
const MIXED = defineSpace({
  name: 'mixed',
  description: 'A rate, a width and an activation.',
  choices: struct({ x: float(0, 1), n: int(1, 12), kind: oneOf(['relu', 'tanh', 'silu', 'gelu']) }),
  build: ({ x, n, kind }, io) => {
    const b = networkBuilder(io.inputShape);
    const hidden = b.activation(b.linear(b.flatten(b.input), { out: n }), kind);
    return b.build([b.linear(b.dropout(hidden, 0.1 + 0.8 * x), { out: io.outputs })]);
  },
});

/** Best 0 at x = 0.3, n = 8, silu. */
const value = ({ x, n, kind }: Point): number =>
  -((x - 0.3) ** 2) - ((n - 8) / 12) ** 2 - (kind === 'silu' ? 0 : kind === 'gelu' ? 0.05 : 0.3);

function search(
  strategy: Strategy,
  seed: number,
  count: number,
  of: (point: Point) => number[],
): Observation[] {
  const candidates = createCandidates(MIXED, { inputShape: [1, 2, 2], outputs: 2 }, []);
  const history: Observation[] = [];
  for (let number = 0; number < count; number++) {
    const proposal = strategy.suggest({
      space: MIXED,
      history: [...history],
      running: [],
      objectives: of({ x: 0, n: 1, kind: 'relu' }).length,
      fidelities: [1],
      proxies: [],
      random: createRandom(seed).split(number),
      accept: candidates.accept,
      inspect: candidates.of,
      listed: candidates.listed,
      draw: candidates.draw,
    })!;
    const { hash } = candidates.of(proposal.genome)!;
    candidates.propose(hash);
    const values = of(proposal.genome as unknown as Point);
    history.push({
      number,
      genome: proposal.genome,
      hash,
      state: 'complete',
      values,
      feasible: true,
      fidelity: 0,
    });
  }
  return history;
}

const SEEDS = 6;
/** Predictors take their time, and need fewer seeds to show. */
const FEW_SEEDS = 3;
const meanBest = (strategy: Strategy, count: number, seeds = SEEDS): number => {
  let sum = 0;
  for (let seed = 0; seed < seeds; seed++)
    sum += Math.max(...search(strategy, seed, count, (p) => [value(p)]).map((o) => o.values![0]!));
  return sum / seeds;
};

test.each([
  'local-search',
  'steepest-ascent',
  'annealing',
  'evolution',
  'nsga2',
  'nsga3',
  'cma-es',
  'dehb',
  'tpe',
] as const)('%s comes closer to the best of a mixed space than random search', (name) => {
  expect(meanBest(STRATEGIES[name], 70)).toBeGreaterThan(meanBest(STRATEGIES.random, 70));
});

test.each(['nsga2', 'nsga3', 'annealing', 'moasha', 'tpe'] as const)(
  '%s finds more of a front than random search',
  (name) => {
    // The front: x from 0.3 to 0.7 with n = 8 and silu.
    const both = (p: Point): number[] => [value(p), value({ ...p, x: 1 - p.x })];
    const found = (strategy: Strategy): number => {
      let sum = 0;
      for (let seed = 0; seed < SEEDS; seed++) {
        const vectors = search(strategy, seed, 150, both).map((o) => o.values!);
        sum += hypervolume(vectors, [-0.5, -0.5]) / SEEDS;
      }
      return sum;
    };
    expect(found(STRATEGIES[name])).toBeGreaterThan(found(STRATEGIES.random));
  },
);

test.each(['gp', 'forest', 'auto'] as const)(
  '%s comes closer to the best of a mixed space than random search',
  (name) => {
    expect(meanBest(STRATEGIES[name], 70, FEW_SEEDS)).toBeGreaterThan(
      meanBest(STRATEGIES.random, 70, FEW_SEEDS),
    );
  },
);

test.each(['reinforce', 'ppo'] as const)('%s comes to prefer what is good', (name) => {
  const share = (trials: readonly Observation[]): number =>
    trials.filter((o) => (o.genome as unknown as Point).kind === 'silu').length / trials.length;
  let [early, late] = [0, 0];
  for (let seed = 0; seed < SEEDS; seed++) {
    const history = search(STRATEGIES[name], seed, 200, (p) => [value(p)]);
    early += share(history.slice(0, 50)) / SEEDS;
    late += share(history.slice(-50)) / SEEDS;
  }
  expect(late).toBeGreaterThan(early + 0.15);
});

test('grid search goes through levels of floats, ever finer', () => {
  expect(STRATEGIES.grid.seedless).toBe(true);
  // Three levels of x, twelve of n, four kinds; then the levels between.
  const history = search(STRATEGIES.grid, 1, 160, (p) => [value(p)]);
  const xs = history.map((o) => (o.genome as unknown as Point).x);
  expect(new Set(xs.slice(0, 144))).toEqual(new Set([0, 0.5, 1]));
  expect(new Set(xs.slice(144)).has(0.25)).toBe(true);
});

test('the scrambled Halton sequence leaves no part out, and each seed has its own', () => {
  const ns = (seed: number) =>
    search(STRATEGIES['quasi-random'], seed, 13, (p) => [value(p)]).map(
      (o) => (o.genome as unknown as Point).n,
    );
  for (const seed of [1, 2, 3])
    for (const low of [1, 5, 9]) expect(ns(seed).some((n) => n >= low && n < low + 4)).toBe(true);
  expect(ns(1)).not.toEqual(ns(2));
});

test('the radical inverse mirrors digits, and exchanges them', () => {
  expect([1, 2, 3, 4].map((i) => radicalInverse(i, 2))).toEqual([0.5, 0.25, 0.75, 0.125]);
  expect(radicalInverse(5, 3)).toBeCloseTo(2 / 3 + 1 / 9, 12);
  // 0 and 1 exchanged in the first place alone.
  const swap = (place: number, digit: number) => (place === 0 ? 1 - digit : digit);
  expect([0, 1, 2].map((i) => radicalInverse(i, 2, swap))).toEqual([0.5, 0, 0.75]);
});

test('annealing takes a loss of half the spread with 1/e at first, and ever more rarely', () => {
  expect(acceptance(0.5, 0)).toBeCloseTo(Math.exp(-1), 12);
  expect(acceptance(0.5, 50)).toBeLessThan(0.02);
  expect(acceptance(-1, 10)).toBe(1);
});

test('a warm start proposes what is given, then learns from earlier trials', () => {
  const genomes = [{ x: 0.5, n: 3, kind: 'relu' }] as const;
  const history = search(warmStarted(STRATEGIES.random, { genomes }), 0, 3, (p) => [value(p)]);
  expect(history[0]!.genome).toEqual(genomes[0]);
  expect(history[1]!.genome).not.toEqual(genomes[0]);
  const earlier = search(STRATEGIES.random, 1, 30, (p) => [value(p)]);
  let seen = 0;
  const spy: Strategy = {
    name: 'spy',
    description: 'Counts.',
    suggest: (request) => {
      seen = request.history.length;
      return STRATEGIES.random.suggest(request);
    },
  };
  search(warmStarted(spy, { observations: earlier }), 0, 1, (p) => [value(p)]);
  expect(seen).toBe(30);
});

test('a warm start by a cheap score begins with what scores well', () => {
  const score = (genome: Genome): number => {
    const { x } = genome as unknown as Point;
    return x > 0.9 ? Number.NaN : x;
  };
  const scored = { trials: 3, among: 40, score };
  const history = search(warmStarted(STRATEGIES.random, { scored }), 0, 9, (p) => [value(p)]);
  const xs = history.map((o) => (o.genome as unknown as Point).x);
  for (const x of xs.slice(0, 3)) expect(x).toBeGreaterThan(0.75);
  for (const x of xs.slice(0, 3)) expect(x).toBeLessThanOrEqual(0.9);
  expect(xs.slice(3).some((x) => x < 0.5)).toBe(true);
});
