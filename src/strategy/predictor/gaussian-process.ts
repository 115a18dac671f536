/**
 * Gaussian process regression (Rasmussen & Williams 2006) with a squared-exponential kernel on standardised features;
 * length scale and noise maximise the marginal likelihood over a grid, the signal's variance in closed form.
 */
import { cholesky, solveLower, solveUpper } from './linear-algebra.ts';

export interface GaussianProcess {
  /** Squared distance at which the kernel falls to e^-½. */
  readonly scale: number;
  /** Variance of the noise relative to the signal's. */
  readonly noise: number;
  readonly variance: number;
  readonly logLikelihood: number;
  readonly lower: Float64Array;
  /** K⁻¹·y. */
  readonly weights: Float64Array;
}

const SCALES = [0.03, 0.06, 0.125, 0.25, 0.5, 1, 2, 4];
const NOISES = [1e-3, 1e-2, 3e-2, 0.1, 0.3];

/**
 * @param distances squared distances among the n points, row-major n×n
 * @param targets n values, standardised
 */
export function fitGaussianProcess(distances: Float64Array, targets: Float64Array): GaussianProcess {
  const n = targets.length;
  const median = medianOf(distances);
  let best: GaussianProcess | null = null;
  const consider = (relative: number, noise: number): void => {
    const found = fitWith(distances, targets, relative * median, noise);
    if (found !== null && (best === null || found.logLikelihood > best.logLikelihood)) best = found;
  };
  // Coordinate-wise: the whole grid would cost forty factorisations.
  for (const relative of SCALES) consider(relative, 0.03);
  const scale = (best as GaussianProcess | null)?.scale ?? median;
  for (const noise of NOISES) if (noise !== 0.03) consider(scale / median, noise);
  const noise = (best as GaussianProcess | null)?.noise ?? 0.03;
  if (noise !== 0.03) for (const relative of SCALES) consider(relative, noise);
  return best ?? fitWith(distances, targets, median, 1)!;

  function medianOf(values: Float64Array): number {
    const positive = values.filter((value) => value > 0).sort();
    return n < 2 || positive.length === 0 ? 1 : positive[positive.length >> 1]!;
  }
}

function fitWith(
  distances: Float64Array,
  targets: Float64Array,
  scale: number,
  noise: number,
): GaussianProcess | null {
  const n = targets.length;
  const lower = distances.map((d) => Math.exp((-0.5 * d) / scale));
  for (let i = 0; i < n; i++) lower[i * n + i] = lower[i * n + i]! + noise;
  if (!cholesky(lower, n)) return null;
  const half = solveLower(lower, n, targets.slice());
  let square = 0;
  for (const value of half) square += value * value;
  const variance = Math.max(square / n, 1e-12);
  let logDeterminant = 0;
  for (let i = 0; i < n; i++) logDeterminant += Math.log(lower[i * n + i]!);
  return {
    scale,
    noise,
    variance,
    logLikelihood: -0.5 * n * Math.log(variance) - logDeterminant,
    lower,
    weights: solveUpper(lower, n, half),
  };
}

/** The kernel between a point and the n known ones. */
export function kernelRow(gp: GaussianProcess, distances: ArrayLike<number>): Float64Array {
  return Float64Array.from(distances, (d) => Math.exp((-0.5 * d) / gp.scale));
}

export function predictMean({ weights }: GaussianProcess, kernel: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < kernel.length; i++) sum += kernel[i]! * weights[i]!;
  return sum;
}

/** The standard deviation of the function (without noise) at a point. */
export function predictDeviation(gp: GaussianProcess, kernel: Float64Array): number {
  const v = solveLower(gp.lower, gp.weights.length, kernel.slice());
  let explained = 0;
  for (const value of v) explained += value * value;
  return Math.sqrt(gp.variance * Math.max(1 - explained, 1e-9));
}
