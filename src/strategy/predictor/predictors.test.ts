import { expect, test } from 'vitest';
import { cholesky, inverseDiagonal, solveLower, solveLowerMany, solveUpper } from '../../linear-algebra.ts';
import { createRandom } from '../../random.ts';
import { hypervolume } from '../pareto.ts';
import { ACQUISITIONS } from './acquisition.ts';
import { type FeatureMatrix, withBlock } from './feature-matrix.ts';
import { fitForest, outOfBag, predictForest } from './forest.ts';
import { frontGain } from './front-gain.ts';
import {
  chooseSettings,
  fitGaussianProcess,
  type KernelSettings,
  leaveOneOut,
  predictProcess,
} from './gaussian-process.ts';
import { largest } from './largest.ts';
import { perceptronModel } from './mlp.ts';
import { drawnForest, ensembleModel, forestModel, learnSettings, type Model, processModel } from './model.ts';
import { rankCorrelation } from './rank-correlation.ts';
import { normalQuantile, normalScores } from './targets.ts';

const random = createRandom('predictors');

/** Rows of standard normal features, all of one block. */
function normalMatrix(rows: number, columns: number): FeatureMatrix {
  const stream = random.split(rows, columns);
  return {
    rows,
    columns,
    values: Float32Array.from({ length: rows * columns }, () => stream.normal()),
    blocks: [{ name: 'neighbourhoods', from: 0, to: columns }],
    linear: [],
  };
}
const column = ({ rows, values }: FeatureMatrix, j: number): Float32Array =>
  values.slice(j * rows, (j + 1) * rows);

function correlation(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const n = a.length;
  const mean = (x: ArrayLike<number>): number => Array.from(x).reduce((s, v) => s + v, 0) / n;
  const [ma, mb] = [mean(a), mean(b)];
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    ab += (a[i]! - ma) * (b[i]! - mb);
    aa += (a[i]! - ma) ** 2;
    bb += (b[i]! - mb) ** 2;
  }
  return ab / Math.sqrt(aa * bb);
}

test('Cholesky factor and solves invert a random positive definite matrix', () => {
  const n = 12;
  const half = Float64Array.from({ length: n * n }, () => random.normal());
  const matrix = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) {
      for (let k = 0; k < n; k++)
        matrix[i * n + j] = matrix[i * n + j]! + half[i * n + k]! * half[j * n + k]!;
      if (i === j) matrix[i * n + j] = matrix[i * n + j]! + 1;
    }
  const x = Float64Array.from({ length: n }, () => random.normal());
  const b = Float64Array.from(x, (_, i) => x.reduce((sum, value, j) => sum + matrix[i * n + j]! * value, 0));
  const lower = matrix.slice();
  expect(cholesky(lower, n)).toBe(true);
  const solved = solveUpper(lower, n, solveLower(lower, n, b.slice()));
  for (let i = 0; i < n; i++) expect(solved[i]).toBeCloseTo(x[i]!, 9);
  // A factor that grows row by row is the same to the last bit.
  const grown = matrix.slice();
  for (let i = 0; i < 7; i++) grown.set(lower.subarray(i * n, i * n + i + 1), i * n);
  expect(cholesky(grown, n, 7)).toBe(true);
  for (let i = 0; i < n; i++) for (let j = 0; j <= i; j++) expect(grown[i * n + j]).toBe(lower[i * n + j]);
  const many = solveLowerMany(
    lower,
    n,
    Float64Array.from({ length: 2 * n }, (_, i) => b[i >> 1]!),
    2,
  );
  const one = solveLower(lower, n, b.slice());
  for (let i = 0; i < n; i++) expect(many[2 * i + 1]).toBeCloseTo(one[i]!, 12);
  const diagonal = inverseDiagonal(lower, n);
  for (let i = 0; i < n; i++) {
    const unit = Float64Array.from({ length: n }, (_, j) => (j === i ? 1 : 0));
    expect(diagonal[i]).toBeCloseTo(solveUpper(lower, n, solveLower(lower, n, unit))[i]!, 9);
  }
  expect(cholesky(Float64Array.of(1, 2, 2, 1), 2)).toBe(false);
});

const PLAIN: KernelSettings = {
  choices: 0,
  neighbourhoods: 0.5,
  cost: 0,
  proxies: 0,
  linear: 0,
  linearProxies: 0,
  noise: 0.1,
};

test('a Gaussian process of two points is the closed form', () => {
  // One column, two apart: the distance is 4.
  const features: FeatureMatrix = {
    rows: 2,
    columns: 1,
    values: Float32Array.of(1, -1),
    blocks: [{ name: 'neighbourhoods', from: 0, to: 1 }],
    linear: [],
  };
  const gp = fitGaussianProcess(features, [0, 1], [1, -1], PLAIN);
  // By symmetry K⁻¹y = y / (1 + noise − k), k the kernel between the two.
  const k = Math.exp(-0.5 * 0.5 * 4);
  const weight = 1 / (1.1 - k);
  expect(gp.weights[0]).toBeCloseTo(weight, 9);
  expect(gp.variance).toBeCloseTo(weight, 9); // yᵀK⁻¹y / 2
  const { mean, deviation } = predictProcess(gp, features, [0, 1], Int32Array.of(0));
  expect(mean[0]).toBeCloseTo(weight * (1 - k), 9);
  const explained = (1.1 * (1 + k * k) - 2 * k * k) / (1.1 ** 2 - k * k);
  expect(deviation[0]).toBeCloseTo(Math.sqrt(weight * (1 - explained)), 9);
  // Without the first, the second says k / 1.1 of its value.
  expect(leaveOneOut(gp, [1, -1])[0]).toBeCloseTo(-k / 1.1, 9);
});

test('a block that tells nothing gets a small weight, a trend is followed beyond what was seen', () => {
  const rows = 120;
  const plain = normalMatrix(rows, 6);
  const features: FeatureMatrix = {
    ...withBlock(plain, 'cost', [column(normalMatrix(rows, 1), 0)]),
    linear: [6],
  };
  const known = Array.from({ length: 60 }, (_, i) => i);
  const byFirst = known.map((i) => Math.sin(column(features, 0)[i]!) + column(features, 1)[i]!);
  const useless = chooseSettings(features, known, normalScores(byFirst));
  expect(useless.cost).toBeLessThan(useless.neighbourhoods);
  const byCost = column(features, 6);
  const order = [...byCost.keys()].sort((a, b) => byCost[a]! - byCost[b]!);
  const below = order.slice(0, 40);
  const targets = below.map((i) => byCost[i]!);
  const gp = fitGaussianProcess(features, below, targets, chooseSettings(features, below, targets));
  const { mean } = predictProcess(gp, features, below, Int32Array.from(order.slice(-5)));
  expect(Math.min(...mean)).toBeGreaterThan(Math.max(...targets));
});

test('a process that grows by a trial is the one fitted anew', () => {
  const features = normalMatrix(40, 5);
  const targets = Array.from({ length: 20 }, (_, i) => Math.cos(i));
  const rows = [...targets.keys()];
  const fresh = (): FeatureMatrix => ({ ...features });
  const whole = fitGaussianProcess(fresh(), rows, targets, PLAIN);
  fitGaussianProcess(features, rows.slice(0, 12), targets.slice(0, 12), PLAIN);
  const grown = fitGaussianProcess(features, rows, targets, PLAIN);
  expect(grown.weights).toEqual(whole.weights);
  // Other rows in between do not show.
  fitGaussianProcess(features, [5, 3], [1, 0], PLAIN);
  expect(fitGaussianProcess(features, rows, targets, PLAIN).weights).toEqual(whole.weights);
});

const MODELS: readonly (readonly [string, Model, number])[] = [
  ['the forest', forestModel, 0.75],
  ['the Gaussian process', processModel, 0.9],
  ['both together', ensembleModel, 0.85],
  ['the perceptrons', perceptronModel, 0.8],
];

/** A function of three of eight features. */
function problem() {
  const features = normalMatrix(300, 8);
  const [a, b, c] = [0, 1, 2].map((j) => column(features, j));
  const truth = Float64Array.from({ length: 300 }, (_, i) => 2 * a![i]! - b![i]! + Math.sin(2 * c![i]!));
  const known = Array.from({ length: 120 }, (_, i) => i);
  return { features, truth, known, targets: known.map((i) => truth[i]!) };
}

test.each(MODELS)('%s learns a function of three of eight features', (_, model, least) => {
  const { truth, ...lesson } = problem();
  const rows = Int32Array.from({ length: 180 }, (__, i) => 120 + i);
  const fit = model(lesson, random.split('fit'));
  const { mean, deviation } = fit.refine(rows);
  expect(correlation(mean, truth.subarray(120))).toBeGreaterThan(least);
  expect(correlation(fit.screen(rows).mean, truth.subarray(120))).toBeGreaterThan(0.7);
  expect(deviation.every((d) => d > 0)).toBe(true);
});

test.each(MODELS)('%s answers equal requests alike', (_, model) => {
  const features = normalMatrix(40, 5);
  const targets = Array.from({ length: 20 }, (__, i) => Math.cos(i));
  const ask = () =>
    model({ features, known: [...targets.keys()], targets }, createRandom('same')).refine(
      Int32Array.of(25, 30, 39),
    );
  expect(ask()).toEqual(ask());
});

test('what models say of trials that they have not seen tells whether there is anything to learn', () => {
  const { truth, ...lesson } = problem();
  const settings = learnSettings(lesson, random.split('settings'));
  expect(settings.processCorrelation).toBeGreaterThan(0.8);
  expect(settings.forestCorrelation).toBeGreaterThan(0.6);
  expect(settings.processShare).toBeGreaterThan(0.5);
  const noise = normalScores(lesson.known.map((i) => createRandom(i).next()));
  const none = learnSettings({ ...lesson, targets: noise }, random.split('settings'));
  expect(Math.max(none.processCorrelation, none.forestCorrelation)).toBeLessThan(0.3);
});

test('the forest predicts row by row what its trees say, and out of the bag only by trees that did not see the row', () => {
  const { features, known, targets } = problem();
  const options = {
    trees: 20,
    columnShare: 0.5,
    mostColumns: 8,
    views: [{ columns: [0, 1, 2, 3, 4, 5, 6], always: [7] }],
    minSplit: 2,
    rowShare: 0.5,
  };
  const forest = fitForest(features, known, targets, options, random.split('bag'));
  const all = Int32Array.from(known);
  const together = predictForest(forest, features, all);
  const leafOf = (
    { column: split, threshold, child }: (typeof forest.trees)[number],
    row: number,
  ): number => {
    let node = 0;
    while (split[node]! >= 0)
      node = child[node]! + (features.values[split[node]! * 300 + row]! <= threshold[node]! ? 0 : 1);
    return threshold[node]!;
  };
  const bag = outOfBag(forest, features, known);
  for (const row of known.slice(0, 20)) {
    const leaves = forest.trees.map((tree) => leafOf(tree, row));
    expect(together.mean[row]).toBeCloseTo(leaves.reduce((x, y) => x + y, 0) / 20, 9);
    const unseen = leaves.filter((_, t) => forest.trees[t]!.unseen[row] === 1);
    expect(bag[row]).toBeCloseTo(unseen.reduce((x, y) => x + y, 0) / unseen.length, 9);
  }
});

test('a draw of the forest is one function, and another one with another stream', () => {
  const { features, known, targets } = problem();
  const rows = Int32Array.from({ length: 180 }, (_, i) => 120 + i);
  const draw = (seed: string) => drawnForest({ features, known, targets }, createRandom(seed)).refine(rows);
  expect(draw('a').mean).toEqual(draw('a').mean);
  expect(draw('a').mean).not.toEqual(draw('b').mean);
  expect(draw('a').deviation.every((d) => d === 0)).toBe(true);
});

test('selection finds the largest values', () => {
  for (const [length, count] of [
    [1, 1],
    [50, 7],
    [500, 499],
    [500, 100],
    [20, 30],
  ] as const) {
    const stream = random.split('largest', length, count);
    const values = Float64Array.from({ length }, () => stream.int(40));
    const found = [...largest(values, count)].map((i) => values[i]!).sort((a, b) => b - a);
    expect(found).toEqual([...values].sort((a, b) => b - a).slice(0, count));
    expect(new Set(largest(values, count)).size).toBe(Math.min(length, count));
  }
});

test('rank correlation is 1 for any rising function, and counts ties by their mean rank', () => {
  expect(rankCorrelation([1, 2, 3, 9], [0, 1, 10, 11])).toBeCloseTo(1, 12);
  expect(rankCorrelation([1, 2, 3], [3, 2, 1])).toBeCloseTo(-1, 12);
  expect(rankCorrelation([1, 1, 2], [1, 2, 3])).toBeCloseTo(1.5 / Math.sqrt(3), 12);
  expect(rankCorrelation([1, 1, 1], [1, 2, 3])).toBe(0);
});

test('the normal quantile inverts known values of the distribution', () => {
  for (const [z, p] of [
    [0, 0.5],
    [1, 0.8413447460685429],
    [-1.959963984540054, 0.025],
    [3, 0.9986501019683699],
    [-4, 3.167124183311986e-5],
  ] as const)
    expect(normalQuantile(p)).toBeCloseTo(z, 7);
});

test('normal scores keep the order and give equal values equal scores', () => {
  const scores = normalScores([5, 1, 9, 5, -3]);
  expect(scores[0]).toBe(scores[3]);
  expect([4, 1, 0, 2].map((i) => scores[i]!)).toEqual(
    [...[4, 1, 0, 2].map((i) => scores[i]!)].sort((a, b) => a - b),
  );
  expect(normalScores([30, 10, 20]).map((score) => Math.round(1e6 * score))).toEqual([
    Math.round(1e6 * normalQuantile(2.625 / 3.25)),
    Math.round(1e6 * normalQuantile(0.625 / 3.25)),
    0,
  ]);
});

test('expected improvement agrees with sampling', () => {
  for (const [mean, deviation, best] of [
    [0, 1, 0],
    [-1, 0.5, 0.2],
    [2, 1.5, 1],
  ] as const) {
    let sum = 0;
    const count = 200_000;
    for (let i = 0; i < count; i++) sum += Math.max(0, mean + deviation * random.normal() - best);
    expect(ACQUISITIONS.ei(mean, deviation, best)).toBeCloseTo(sum / count, 2);
  }
});

test('the gain over a front is the hypervolume added, and orders what lies below', () => {
  for (const objectives of [2, 3]) {
    const stream = random.split('fronts', objectives);
    const vector = (): number[] => Array.from({ length: objectives }, () => stream.next());
    const known = Array.from({ length: 12 }, vector);
    const gain = frontGain(known);
    const reference = known[0]!.map((_, k) => Math.min(...known.map((v) => v[k]!)) - 0.1);
    const whole = hypervolume(known, reference);
    for (let i = 0; i < 50; i++) {
      const candidate = vector();
      const added = hypervolume([...known, candidate], reference) - whole;
      if (added > 1e-12) expect(gain(candidate)).toBeCloseTo(added, 9);
      else expect(gain(candidate)).toBeLessThanOrEqual(0);
    }
  }
  const gain = frontGain([
    [0, 1],
    [0.5, 0.5],
    [1, 0],
  ]);
  expect(gain([0.2, 0.4])).toBeCloseTo(-0.3, 9);
  expect(gain([0.5, 0.5])).toBeCloseTo(0, 9);
});
