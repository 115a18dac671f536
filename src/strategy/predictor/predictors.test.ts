import { expect, test } from 'vitest';
import { createRandom } from '../../random.ts';
import { hypervolume } from '../pareto.ts';
import { ACQUISITIONS } from './acquisition.ts';
import type { FeatureMatrix } from './features.ts';
import { frontGain } from './front-gain.ts';
import { fitGaussianProcess, kernelRow, predictDeviation, predictMean } from './gaussian-process.ts';
import { cholesky, solveLower, solveUpper } from './linear-algebra.ts';
import { mlpPredict } from './mlp.ts';
import { ensemblePredictor, forestPredictor, gaussianProcessPredictor, type Predictor } from './model.ts';
import { normalQuantile, normalScores } from './targets.ts';

const random = createRandom('predictors');

/** Rows of standard normal features. */
function normalMatrix(rows: number, columns: number): FeatureMatrix {
  const stream = random.split(rows, columns);
  return { rows, columns, values: Float32Array.from({ length: rows * columns }, () => stream.normal()) };
}

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
  expect(cholesky(Float64Array.of(1, 2, 2, 1), 2)).toBe(false);
});

test('a Gaussian process of two points is the closed form', () => {
  const gp = fitGaussianProcess(Float64Array.of(0, 2, 2, 0), Float64Array.of(1, -1));
  // By symmetry K⁻¹y = y / (1 + noise − k), k the kernel between the two.
  const k = Math.exp(-1 / gp.scale);
  const weight = 1 / (1 + gp.noise - k);
  expect(gp.weights[0]).toBeCloseTo(weight, 9);
  expect(gp.variance).toBeCloseTo(weight, 9); // yᵀK⁻¹y / 2
  const at = kernelRow(gp, [0, 2]);
  expect(predictMean(gp, at)).toBeCloseTo(weight * (1 - k), 9);
  const determinant = (1 + gp.noise) ** 2 - k * k;
  const explained = ((1 + gp.noise) * (1 + k * k) - 2 * k * k) / determinant;
  expect(predictDeviation(gp, at)).toBeCloseTo(Math.sqrt(gp.variance * Math.max(1 - explained, 1e-9)), 9);
});

const PREDICTORS: readonly (readonly [string, Predictor, number])[] = [
  ['the forest', forestPredictor, 0.75],
  ['the Gaussian process', gaussianProcessPredictor, 0.9],
  ['both together', ensemblePredictor, 0.85],
  ['the perceptrons', mlpPredict, 0.8],
];

test.each(PREDICTORS)('%s learns a function of three of eight features', (_, predictor, least) => {
  const features = normalMatrix(300, 8);
  const truth = Float64Array.from({ length: 300 }, (__, i) => {
    const [a, b, c] = features.values.subarray(i * 8, i * 8 + 3);
    return 2 * a! - b! + Math.sin(2 * c!);
  });
  const known = Array.from({ length: 120 }, (__, i) => i);
  const rows = Int32Array.from({ length: 180 }, (__, i) => 120 + i);
  const targets = known.map((i) => truth[i]!);
  const { mean, deviation } = predictor(features, known, targets, rows, random.split('fit'));
  expect(correlation(mean, truth.subarray(120))).toBeGreaterThan(least);
  expect(deviation.every((d) => d > 0)).toBe(true);
});

test.each(PREDICTORS)('%s answers equal requests alike', (_, predictor) => {
  const features = normalMatrix(40, 5);
  const targets = Array.from({ length: 20 }, (__, i) => Math.cos(i));
  const ask = () =>
    predictor(features, [...targets.keys()], targets, Int32Array.of(25, 30, 39), createRandom('same'));
  expect(ask()).toEqual(ask());
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
