import { expect, test } from 'vitest';
import { createRandom } from '../../random.ts';
import { proxyWeights } from '../starting-points.ts';
import type { Observation, ZeroCostProxy } from '../strategy.ts';
import { type FeatureMatrix, withBlock } from './feature-matrix.ts';
import { ensembleModel } from './model.ts';
import { middled, networkScore, proxyColumns, proxyCorrelation } from './proxy-columns.ts';
import { rankCorrelation } from './rank-correlation.ts';
import { normalScores } from './targets.ts';

const ROWS = 400;
const random = createRandom('proxies');
const truth = Array.from({ length: ROWS }, () => random.normal());
const proxyOf = (scores: readonly number[]): ZeroCostProxy => ({
  name: 'scores',
  score: (genome) => scores[genome as number]!,
});
/** Tells much of the truth, over many orders of magnitude, and lacks a third of the scores. */
const good = truth.map((value, i) =>
  i % 3 === 0 ? Number.NaN : Math.exp(4 * (value + 0.5 * random.normal())),
);
const permuted = random.shuffle(good);
const negated = good.map((score) => -score);

const networks = Array.from({ length: ROWS }, (_, i) => [i]);

test('scores become normal by rank, what lacks stands in the middle and is told', () => {
  const [scores, missing] = proxyColumns([proxyOf(good)], networks);
  expect(rankCorrelation(scores!, middled(good))).toBeCloseTo(1, 9);
  expect(new Set(good.flatMap((score, i) => (Number.isNaN(score) ? [missing![i]!] : []))).size).toBe(1);
  expect(proxyColumns([proxyOf(truth)], networks)).toHaveLength(1);
  expect(proxyColumns([proxyOf(truth.map(() => 3))], networks)).toHaveLength(0);
});

test('equal networks share a score; a marker for one that could not be computed is none', () => {
  const proxy = proxyOf([Number.NaN, 4, 6, -1e8]);
  expect(networkScore(proxy, [0, 1, 2, 3])).toBe(5);
  expect(networkScore(proxy, [0, 3])).toBeNaN();
});

const trials = (count: number): Observation[] =>
  Array.from({ length: count }, (_, number) => ({
    number,
    genome: number,
    hash: String(number),
    state: 'complete',
    values: [truth[number]!],
    feasible: true,
    fidelity: 0,
  }));

test('what results say of a proxy, with its sign, and less the fewer they are', () => {
  expect(proxyCorrelation(proxyOf(good), trials(90))!.correlation).toBeGreaterThan(0.7);
  expect(proxyCorrelation(proxyOf(negated), trials(90))!.correlation).toBeLessThan(-0.7);
  expect(Math.abs(proxyCorrelation(proxyOf(permuted), trials(300))!.correlation)).toBeLessThan(0.2);
  expect(proxyCorrelation(proxyOf(good), trials(3))).toBeNull();
  const [few] = proxyWeights([proxyOf(good)], trials(9));
  const [many] = proxyWeights([proxyOf(good)], trials(200));
  expect(few).toBeLessThan(many!);
  expect(proxyWeights([proxyOf(negated)], trials(200))[0]).toBeLessThan(-0.6);
  expect(proxyWeights([proxyOf(good), proxyOf(negated)], [])).toEqual([1, 1]);
});

/** Rank correlation with unseen rows after 20, averaged over draws. */
function learnt(scores: readonly number[] | null): number {
  let sum = 0;
  const draws = 6;
  for (let draw = 0; draw < draws; draw++) {
    const stream = createRandom(`learnt ${draw}`);
    const noise = Array.from({ length: 30 }, () => Float32Array.from(truth, () => stream.normal()));
    // One of thirty columns tells a little.
    noise[0] = Float32Array.from(truth, (value) => (value + 2 * stream.normal()) / Math.sqrt(5));
    const values = new Float32Array(30 * ROWS);
    for (const [j, column] of noise.entries()) values.set(column, j * ROWS);
    const plain: FeatureMatrix = {
      rows: ROWS,
      columns: 30,
      values,
      blocks: [{ name: 'neighbourhoods', from: 0, to: 30 }],
      linear: [],
    };
    const features =
      scores === null ? plain : withBlock(plain, 'proxies', proxyColumns([proxyOf(scores)], networks));
    const known = stream.shuffle([...truth.keys()]).slice(0, 20);
    const targets = normalScores(known.map((i) => truth[i]!));
    const rows = Int32Array.from(truth.keys());
    const { mean } = ensembleModel({ features, known, targets }, stream.split('model')).refine(rows);
    sum += rankCorrelation(mean, truth) / draws;
  }
  return sum;
}

test('a good proxy is made use of among many columns, an inverted one as well, and a useless one hardly hurts', () => {
  const without = learnt(null);
  expect(learnt(good)).toBeGreaterThan(without + 0.25);
  expect(learnt(negated)).toBeGreaterThan(without + 0.25);
  expect(learnt(permuted)).toBeGreaterThan(without - 0.1);
});
