/** Predictors behind one function: fitted to known rows of a feature matrix, asked for others. */
import type { Random } from '../../random.ts';
import type { FeatureMatrix } from './features.ts';
import { fitForest, type Prediction, predictForest } from './forest.ts';
import { fitGaussianProcess, kernelRow, predictDeviation, predictMean } from './gaussian-process.ts';

/** Mean and deviation at `rows`, in the unit of the targets. */
export type Predictor = (
  features: FeatureMatrix,
  known: readonly number[],
  targets: readonly number[],
  rows: Int32Array,
  random: Random,
) => Prediction;

/** Trees never claim to be sure: among few rows all of them may agree. */
const LEAST_DEVIATION = 0.05;

export const forestPredictor: Predictor = (features, known, targets, rows, random) => {
  const forest = fitForest(
    features,
    known,
    targets,
    { trees: 40, columnShare: 0.1, mostColumns: 32, minSplit: 2 },
    random,
  );
  const { mean, deviation } = predictForest(forest, features, rows);
  return { mean, deviation: deviation.map((d) => Math.hypot(d, LEAST_DEVIATION)) };
};

export const gaussianProcessPredictor: Predictor = (features, known, targets, rows) => {
  const n = known.length;
  const columns = known.map((row) => distancesFrom(features, row));
  const among = new Float64Array(n * n);
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) among[i * n + j] = columns[i]![known[j]!]!;
  const gp = fitGaussianProcess(among, Float64Array.from(targets));
  const mean = new Float64Array(rows.length);
  const deviation = new Float64Array(rows.length);
  const distances = new Float64Array(n);
  for (let i = 0; i < rows.length; i++) {
    for (let j = 0; j < n; j++) distances[j] = columns[j]![rows[i]!]!;
    const kernel = kernelRow(gp, distances);
    mean[i] = predictMean(gp, kernel);
    deviation[i] = predictDeviation(gp, kernel);
  }
  return { mean, deviation };
};

const distanceCache = new WeakMap<FeatureMatrix, Map<number, Float32Array>>();
/** Distance columns kept for one matrix. */
const KEPT = 2_000;

/** Squared distances from a row to every row. */
function distancesFrom(features: FeatureMatrix, row: number): Float32Array {
  let cache = distanceCache.get(features);
  if (cache === undefined) {
    cache = new Map();
    distanceCache.set(features, cache);
  }
  let found = cache.get(row);
  if (found === undefined) {
    const { rows, columns, values } = features;
    found = new Float32Array(rows);
    const own = values.subarray(row * columns, (row + 1) * columns);
    for (let i = 0; i < rows; i++) {
      let sum = 0;
      const offset = i * columns;
      for (let j = 0; j < columns; j++) sum += (values[offset + j]! - own[j]!) ** 2;
      found[i] = sum;
    }
    if (cache.size >= KEPT) cache.delete(cache.keys().next().value!);
    cache.set(row, found);
  }
  return found;
}

/** Rows that the second predictor looks at. */
const SHORTLIST = 1_000;

/**
 * Forest and Gaussian process together: the forest looks at all rows, both at the most promising ones, where their means
 * are averaged and their disagreement is added to the deviation.
 */
export const ensemblePredictor: Predictor = (features, known, targets, rows, random) => {
  const forest = forestPredictor(features, known, targets, rows, random);
  const optimistic = forest.mean.map((mean, i) => mean + forest.deviation[i]!);
  const order = [...rows.keys()].sort((a, b) => optimistic[b]! - optimistic[a]!).slice(0, SHORTLIST);
  const process = gaussianProcessPredictor(
    features,
    known,
    targets,
    Int32Array.from(order, (i) => rows[i]!),
    random,
  );
  const mean = forest.mean.slice();
  const deviation = forest.deviation.slice();
  for (const [place, i] of order.entries()) {
    const [a, b] = [forest.mean[i]!, process.mean[place]!];
    mean[i] = (a + b) / 2;
    deviation[i] = Math.sqrt(
      (forest.deviation[i]! ** 2 + process.deviation[place]! ** 2) / 2 + ((a - b) / 2) ** 2,
    );
  }
  return { mean, deviation };
};
