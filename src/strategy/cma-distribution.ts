/**
 * The search distribution of CMA-ES (Hansen 2016, "The CMA evolution strategy: a tutorial"): a normal distribution whose
 * mean, step size and covariance follow the best points of each generation. Steps are whitened by the Cholesky factor
 * instead of the symmetric root (Krause et al. 2016). Points are in the unit cube, the best is the first.
 */
import { cholesky, solveLower } from '../linear-algebra.ts';

export interface SearchDistribution {
  readonly mean: Float64Array;
  readonly sigma: number;
  /** Row-major n×n, and its lower Cholesky factor. */
  readonly covariance: Float64Array;
  readonly factor: Float64Array;
  readonly covariancePath: Float64Array;
  readonly sigmaPath: Float64Array;
  readonly generation: number;
}

/** Points of a generation for so many dimensions (Hansen 2016, table 1). */
export const generationSize = (dimensions: number): number =>
  4 + Math.floor(3 * Math.log(Math.max(1, dimensions)));

const FIRST_SIGMA = 0.3;
/** Wider than this the unit cube is sampled about uniformly. */
const MOST_SIGMA = 0.6;

/** Round, about the mean. */
export function firstDistribution(mean: Float64Array): SearchDistribution {
  const n = mean.length;
  const identity = new Float64Array(n * n);
  for (let i = 0; i < n; i++) identity[i * n + i] = 1;
  return {
    mean,
    sigma: FIRST_SIGMA,
    covariance: identity,
    factor: identity,
    covariancePath: new Float64Array(n),
    sigmaPath: new Float64Array(n),
    generation: 0,
  };
}

/** Weights and rates by the number of points and dimensions (Hansen 2016, table 1). */
function parameters(points: number, n: number) {
  const count = Math.max(1, Math.floor(points / 2));
  const raw = Array.from({ length: count }, (_, i) => Math.log((points + 1) / 2) - Math.log(i + 1));
  const sum = raw.reduce((a, b) => a + b, 0);
  const weights = raw.map((w) => (sum > 0 ? w / sum : 1 / count));
  const effective = 1 / weights.reduce((total, w) => total + w * w, 0);
  const sigmaRate = (effective + 2) / (n + effective + 5);
  const oneRate = 2 / ((n + 1.3) ** 2 + effective);
  return {
    weights,
    effective,
    sigmaRate,
    damping: 1 + 2 * Math.max(0, Math.sqrt((effective - 1) / (n + 1)) - 1) + sigmaRate,
    pathRate: (4 + effective / n) / (n + 4 + (2 * effective) / n),
    oneRate,
    manyRate: Math.min(1 - oneRate, (2 * (effective - 2 + 1 / effective)) / ((n + 2) ** 2 + effective)),
    /** Mean length of a standard normal vector. */
    length: Math.sqrt(n) * (1 - 1 / (4 * n) + 1 / (21 * n * n)),
  };
}

/**
 * The distribution after a generation, the best point first. Points that another distribution drew, rounded or random
 * ones, count no further than its own would lie (Hansen 2011, injected solutions).
 */
export function afterGeneration(
  before: SearchDistribution,
  ranked: readonly Float64Array[],
): SearchDistribution {
  const { mean, sigma, covariance, factor, generation } = before;
  const n = mean.length;
  const p = parameters(ranked.length, n);
  const longest = Math.sqrt(n) + (2 * n) / (n + 2);
  const steps = p.weights.map((_, i) => {
    const step = ranked[i]!.map((x, k) => (x - mean[k]!) / sigma);
    const far = norm(solveLower(factor, n, step.slice())) / longest;
    return far > 1 ? step.map((x) => x / far) : step;
  });
  const shift = new Float64Array(n);
  for (const [i, step] of steps.entries())
    for (let k = 0; k < n; k++) shift[k] = shift[k]! + p.weights[i]! * step[k]!;

  const whitened = solveLower(factor, n, shift.slice());
  const sigmaPull = Math.sqrt(p.sigmaRate * (2 - p.sigmaRate) * p.effective);
  const sigmaPath = before.sigmaPath.map((x, k) => (1 - p.sigmaRate) * x + sigmaPull * whitened[k]!);
  const relative = norm(sigmaPath) / p.length;
  // While the step size grows fast, the path would only say so again.
  const settled = relative / Math.sqrt(1 - (1 - p.sigmaRate) ** (2 * (generation + 1))) < 1.4 + 2 / (n + 1);
  const pull = settled ? Math.sqrt(p.pathRate * (2 - p.pathRate) * p.effective) : 0;
  const path = before.covariancePath.map((x, k) => (1 - p.pathRate) * x + pull * shift[k]!);
  const kept = 1 - p.oneRate - p.manyRate + (settled ? 0 : p.oneRate * p.pathRate * (2 - p.pathRate));
  const next = covariance.map((c, at) => {
    const [row, column] = [Math.floor(at / n), at % n];
    const many = steps.reduce((sum, y, i) => sum + p.weights[i]! * y[row]! * y[column]!, 0);
    return kept * c + p.oneRate * path[row]! * path[column]! + p.manyRate * many;
  });
  const nextFactor = next.slice();
  const moved = mean.map((x, k) => Math.min(1, Math.max(0, x + sigma * shift[k]!)));
  // Rounding may take the last bit of definiteness: then the shape begins anew.
  if (!cholesky(nextFactor, n)) return { ...firstDistribution(moved), sigma };
  return {
    mean: moved,
    sigma: Math.min(MOST_SIGMA, sigma * Math.exp((p.sigmaRate / p.damping) * (relative - 1))),
    covariance: next,
    factor: nextFactor,
    covariancePath: path,
    sigmaPath,
    generation: generation + 1,
  };
}

/** The standard deviation along one coordinate. */
export const deviation = ({ sigma, covariance, mean }: SearchDistribution, k: number): number =>
  sigma * Math.sqrt(covariance[k * mean.length + k]!);

/** A point for standard normal numbers `z`. */
export const pointOf = ({ mean, sigma, factor }: SearchDistribution, z: Float64Array): Float64Array =>
  mean.map((x, row) => {
    let sum = 0;
    for (let k = 0; k <= row; k++) sum += factor[row * mean.length + k]! * z[k]!;
    return x + sigma * sum;
  });

const norm = (vector: Float64Array): number => Math.hypot(...vector);
