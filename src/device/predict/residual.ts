/**
 * What the sum over kernels misses, as a Gaussian process on the logarithm of measured over summed time: kernels warm or
 * cool the caches for each other, and small ones wait. Far from all calibrated networks it says nothing, and the sum
 * stands alone. Rasmussen & Williams 2006, algorithm 2.1.
 */
import { cholesky, solveLower, solveUpper } from '../../linear-algebra.ts';
import type { Coefficients, Sample } from './coefficients.ts';
import { partsOf, type Work } from './work.ts';

export interface ResidualModel {
  /** Families in the order of their features. */
  readonly families: readonly string[];
  /** For standardising the features. */
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
  readonly lengthScale: number;
  /** Features of the calibrated networks, one after the other. */
  readonly points: readonly number[];
  /** How much each of them counts. */
  readonly alpha: readonly number[];
}

/** Standard deviations of what is missed, and of what cannot be known, in logarithms. */
const AMPLITUDES = [0.03, 0.1];
const NOISES = [0.01, 0.02, 0.04, 0.08];
const LENGTH_SCALES = [2, 3, 5, 8];
/** A network measured while something else ran must not pull its neighbours. */
const LARGEST = 0.3;
/** The share of a family's time counts less than the size of the whole. */
const SHARE_WEIGHT = 0.7;
/** Sorts of work whose amount for a millisecond says what a network is like. */
const SORTS = ['macs', 'weights', 'output', 'calls'];
const SIZES = 1 + SORTS.length;

/** Not standardised: some of size, then the root of each family's share of the time. */
interface Features {
  readonly summed: number;
  readonly features: number[];
}

/** What the features take of an amount; −1 where it is in none. */
interface Use {
  readonly coefficient: number;
  readonly family: number;
  readonly sort: number;
}

/** Names are looked up once: a search asks for the features of thousands of networks. */
function featuresOf(coefficients: Coefficients, families: readonly string[]): (work: Work) => Features {
  const uses = new Map<string, Use>();
  const useOf = (name: string): Use => {
    const { family, sort, ofKind } = partsOf(name);
    const use = {
      coefficient: coefficients[name] ?? 0,
      family: families.indexOf(family),
      sort: ofKind ? -1 : SORTS.indexOf(sort),
    };
    uses.set(name, use);
    return use;
  };
  return (work) => {
    let summed = 0;
    const shares = new Array<number>(families.length).fill(0);
    const totals = new Array<number>(SORTS.length).fill(0);
    for (const [name, amount] of work) {
      const { coefficient, family, sort } = uses.get(name) ?? useOf(name);
      const ms = amount * coefficient;
      summed += ms;
      if (family >= 0) shares[family]! += ms;
      if (sort >= 0) totals[sort]! += amount;
    }
    return {
      summed,
      features: [
        Math.log(summed),
        ...totals.map((total) => Math.log(total / summed + 1)),
        ...shares.map((share) => Math.sqrt(share / summed)),
      ],
    };
  };
}

const standardise = (
  features: readonly number[],
  { mean, deviation }: Pick<ResidualModel, 'mean' | 'deviation'>,
): number[] => features.map((v, j) => ((v - mean[j]!) / deviation[j]!) * (j < SIZES ? 1 : SHARE_WEIGHT));

/** exp(−‖a − b‖² / 2ℓ²) of the rows of two flat matrices. */
function similarity(
  a: ArrayLike<number>,
  i: number,
  b: ArrayLike<number>,
  j: number,
  width: number,
  length: number,
): number {
  let squared = 0;
  for (let k = 0; k < width; k++) {
    const difference = a[i * width + k]! - b[j * width + k]!;
    squared += difference * difference;
  }
  return Math.exp(-squared / (2 * length * length));
}

/** Those with the largest marginal likelihood. */
export interface Smoothness {
  readonly amplitude: number;
  readonly noise: number;
  readonly lengthScale: number;
}

/**
 * @param smoothness chosen by marginal likelihood when it is not given
 * @param samples two at least, in random order
 */
export function fitResidual(
  coefficients: Coefficients,
  samples: readonly Sample[],
  smoothness?: Smoothness,
): { readonly model: ResidualModel; readonly smoothness: Smoothness } {
  const n = samples.length;
  const families = [
    ...new Set(samples.flatMap(({ work }) => [...work.keys()].map((name) => partsOf(name).family))),
  ].sort();
  const features = featuresOf(coefficients, families);
  const raw = samples.map(({ work }) => features(work));
  const width = SIZES + families.length;
  const mean = Array.from(
    { length: width },
    (_, j) => raw.reduce((sum, { features }) => sum + features[j]!, 0) / n,
  );
  const deviation = mean.map(
    (m, j) => Math.sqrt(raw.reduce((sum, { features }) => sum + (features[j]! - m) ** 2, 0) / n) || 1,
  );
  const points = raw.flatMap(({ features }) => standardise(features, { mean, deviation }));
  const missed = Float64Array.from(samples, ({ ms }, i) =>
    Math.max(-LARGEST, Math.min(LARGEST, Math.log(ms / raw[i]!.summed))),
  );
  const chosen = smoothness ?? likeliest(points, missed, width);
  // The noise on its diagonal keeps the matrix positive definite, however many networks there are.
  const { alpha } = solved(points, missed, width, chosen)!;
  return {
    model: {
      ...{ families, mean, deviation, points },
      lengthScale: chosen.lengthScale,
      alpha: Array.from(alpha, (a) => chosen.amplitude ** 2 * a),
    },
    smoothness: chosen,
  };
}

/** So many networks tell how smooth what is missed is; the time grows with the cube of their number. */
const CHOOSING = 400;

/** @param points of the networks, one after the other. @param missed of each network */
function likeliest(points: readonly number[], missed: Float64Array, width: number): Smoothness {
  const few = missed.subarray(0, CHOOSING);
  const candidates = LENGTH_SCALES.flatMap((lengthScale) =>
    AMPLITUDES.flatMap((amplitude) => NOISES.map((noise) => ({ amplitude, noise, lengthScale }))),
  ).map((smoothness) => ({
    smoothness,
    likelihood: solved(points, few, width, smoothness)?.likelihood ?? Number.NEGATIVE_INFINITY,
  }));
  return candidates.reduce((best, one) => (one.likelihood > best.likelihood ? one : best)).smoothness;
}

/** The process's weights of the networks and its logarithmic marginal likelihood; null when rounding makes it impossible. */
function solved(
  points: readonly number[],
  missed: Float64Array,
  width: number,
  { amplitude, noise, lengthScale }: Smoothness,
): { readonly alpha: Float64Array; readonly likelihood: number } | null {
  const n = missed.length;
  const flat = Float64Array.from(points.slice(0, n * width));
  const matrix = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= i; j++)
      matrix[i * n + j] = matrix[j * n + i] =
        amplitude ** 2 * similarity(flat, i, flat, j, width, lengthScale) + (i === j ? noise ** 2 : 0);
  if (!cholesky(matrix, n)) return null;
  const alpha = solveUpper(matrix, n, solveLower(matrix, n, Float64Array.from(missed)));
  let likelihood = 0;
  for (let i = 0; i < n; i++) likelihood -= 0.5 * missed[i]! * alpha[i]! + Math.log(matrix[i * n + i]!);
  return { alpha, likelihood };
}

/** Milliseconds for some work: the sum over kernels, corrected; 0 where the sum is. */
export function corrected(coefficients: Coefficients, model: ResidualModel): (work: Work) => number {
  const features = featuresOf(coefficients, model.families);
  const points = Float64Array.from(model.points);
  const alpha = Float64Array.from(model.alpha);
  return (work) => {
    const { summed, features: raw } = features(work);
    if (!(summed > 0)) return 0;
    const point = Float64Array.from(standardise(raw, model));
    let missed = 0;
    for (let i = 0; i < alpha.length; i++)
      missed += alpha[i]! * similarity(points, i, point, 0, point.length, model.lengthScale);
    return summed * Math.exp(missed);
  };
}
