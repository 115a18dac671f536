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
const FIRST_NOISE = 3e-2;
const NOISES = [1e-3, 1e-2, FIRST_NOISE, 0.1, 0.3];

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
  // Coordinate-wise, and where the noise moves the scale only to its neighbours: the whole grid would cost forty
  // factorisations.
  for (const relative of SCALES) consider(relative, FIRST_NOISE);
  const scale = (best as GaussianProcess | null)?.scale ?? median;
  for (const noise of NOISES) if (noise !== FIRST_NOISE) consider(scale / median, noise);
  const noise = (best as GaussianProcess | null)?.noise ?? FIRST_NOISE;
  if (noise !== FIRST_NOISE)
    for (const relative of neighbours(SCALES, scale / median)) consider(relative, noise);
  return best ?? fitWith(distances, targets, median, 1)!;

  function medianOf(values: Float64Array): number {
    const below = new Float64Array((n * (n - 1)) / 2);
    let count = 0;
    for (let i = 0; i < n; i++)
      for (let j = 0; j < i; j++) if (values[i * n + j]! > 0) below[count++] = values[i * n + j]!;
    const positive = below.subarray(0, count).sort();
    return count === 0 ? 1 : positive[count >> 1]!;
  }
}

/** The entries beside the one nearest to `value`. */
function neighbours(entries: readonly number[], value: number): number[] {
  const distance = (entry: number): number => Math.abs(Math.log(entry / value));
  const nearest = entries.reduce((a, b) => (distance(b) < distance(a) ? b : a));
  const at = entries.indexOf(nearest);
  return entries.filter((_, i) => Math.abs(i - at) === 1);
}

function fitWith(
  distances: Float64Array,
  targets: Float64Array,
  scale: number,
  noise: number,
): GaussianProcess | null {
  const n = targets.length;
  const lower = new Float64Array(n * n);
  const factor = -0.5 / scale;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) lower[i * n + j] = Math.exp(factor * distances[i * n + j]!);
    lower[i * n + i] = 1 + noise;
  }
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
