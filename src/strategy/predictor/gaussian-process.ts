/**
 * Gaussian process regression (Rasmussen & Williams 2006). The kernel is a squared exponential over blocks of standardised
 * features, each with a weight of its own, plus trends linear in cost, numbers and proxies, which go on beyond what was
 * seen. Weights and noise maximise the marginal likelihood beside a mild prior, so that a block that tells nothing goes to
 * 0; the signal's variance has a closed form.
 */

import { cholesky, inverseDiagonal, solveLower, solveLowerMany, solveUpper } from '../../linear-algebra.ts';
import type { FeatureMatrix } from './feature-matrix.ts';
import type { Prediction } from './forest.ts';
import { blockWeights, type Relations, relationsOf } from './relations.ts';

/** Weights of the kernel's parts; 0 leaves a part out. The squared exponential itself has variance 1. */
export interface KernelSettings {
  readonly choices: number;
  readonly neighbourhoods: number;
  readonly cost: number;
  readonly proxies: number;
  readonly linear: number;
  readonly linearProxies: number;
  /** Variance of the noise relative to the signal's. */
  readonly noise: number;
}
type Part = keyof KernelSettings;

/** Where the search for weights begins, and what the prior draws them to. */
const FIRST: KernelSettings = {
  choices: 0.25,
  neighbourhoods: 0.5,
  cost: 0.125,
  proxies: 0.125,
  linear: 0.1,
  linearProxies: 0.3,
  noise: 0.05,
};
const FACTORS = [0, 0.25, 0.5, 2, 4];
const CYCLES = 2;
const LEAST_NOISE = 1e-3;
const MOST_NOISE = 1;
const MOST_WEIGHT = 16;
/** Octaves from the first weight that cost half a unit of log-likelihood; leaving a part out counts as so many. */
const PRIOR_OCTAVES = 3;
const OCTAVES_TO_ZERO = 5;

/** A process fitted to rows of a matrix. */
export interface GaussianProcess {
  readonly settings: KernelSettings;
  readonly variance: number;
  readonly logLikelihood: number;
  /** Cholesky factor of the kernel with noise, n×n. */
  readonly lower: Float64Array;
  /** K⁻¹·y. */
  readonly weights: Float64Array;
}

/** Settings of largest likelihood for the targets (about standard normal) of rows of the matrix. */
export function chooseSettings(
  features: FeatureMatrix,
  rows: readonly number[],
  targets: readonly number[],
): KernelSettings {
  const among = relationsAmong(features, rows);
  const y = Float64Array.from(targets);
  const present: Part[] = [
    ...features.blocks.map(({ name }) => name),
    ...(features.linear.length > 0 ? (['linear'] as const) : []),
    ...(features.blocks.some(({ name }) => name === 'proxies') ? (['linearProxies'] as const) : []),
    'noise',
  ];
  let best = Object.fromEntries(
    Object.entries(FIRST).map(([part, value]) => [part, present.includes(part as Part) ? value : 0]),
  ) as unknown as KernelSettings;
  const worth = (settings: KernelSettings): number => {
    const gram = gramOf(features, among, rows.length, settings);
    if (!cholesky(gram, rows.length)) return Number.NEGATIVE_INFINITY;
    return (
      fitted(gram, y, settings).logLikelihood + present.reduce((sum, part) => sum + prior(part, settings), 0)
    );
  };
  let highest = worth(best);
  for (let cycle = 0; cycle < CYCLES; cycle++) {
    const before = best;
    for (const part of present) {
      const from = best[part] === 0 ? FIRST[part] : best[part];
      const values = best[part] === 0 ? [from] : FACTORS.map((factor) => factor * from);
      for (const value of values) {
        const limited =
          part === 'noise'
            ? Math.min(MOST_NOISE, Math.max(LEAST_NOISE, value))
            : Math.min(MOST_WEIGHT, value);
        if (limited === best[part]) continue;
        const settings = { ...best, [part]: limited };
        const found = worth(settings);
        if (found > highest) [best, highest] = [settings, found];
      }
    }
    if (best === before) break;
  }
  return best;
}

function prior(part: Part, settings: KernelSettings): number {
  const octaves = settings[part] === 0 ? OCTAVES_TO_ZERO : Math.log2(settings[part] / FIRST[part]);
  return -0.5 * (octaves / PRIOR_OCTAVES) ** 2;
}

/** Relations among the rows themselves: by block and trend, the lower triangle row by row. */
interface Among {
  readonly distances: readonly Float64Array[];
  readonly linear: Float64Array | null;
  readonly linearProxies: Float64Array | null;
}

function relationsAmong(features: FeatureMatrix, rows: readonly number[]): Among {
  for (const row of Int32Array.from(rows).sort()) relationsOf(features, row);
  const all = rows.map((row) => relationsOf(features, row));
  const triangle = (of: (relations: Relations) => Float32Array): Float64Array => {
    const values = new Float64Array((rows.length * (rows.length + 1)) / 2);
    let at = 0;
    for (const [i, relations] of all.entries()) {
      const from = of(relations);
      for (let j = 0; j <= i; j++) values[at++] = from[rows[j]!]!;
    }
    return values;
  };
  return {
    distances: features.blocks.map((_, b) => triangle((relations) => relations.distances[b]!)),
    linear: all[0]?.linear ? triangle(({ linear }) => linear!) : null,
    linearProxies: all[0]?.linearProxies ? triangle(({ linearProxies }) => linearProxies!) : null,
  };
}

function gramOf(
  features: FeatureMatrix,
  { distances, linear, linearProxies }: Among,
  n: number,
  settings: KernelSettings,
): Float64Array {
  const gram = new Float64Array(n * n);
  const used = blockWeights(features, settings).flatMap((weight, b) =>
    weight > 0 ? [[distances[b]!, weight] as const] : [],
  );
  let at = 0;
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= i; j++, at++) {
      let exponent = 0;
      for (const [distance, weight] of used) exponent += weight * distance[at]!;
      gram[i * n + j] =
        Math.exp(-0.5 * exponent) +
        settings.linear * (linear?.[at] ?? 0) +
        settings.linearProxies * (linearProxies?.[at] ?? 0) +
        (i === j ? settings.noise : 0);
    }
  return gram;
}

function fitted(lower: Float64Array, targets: Float64Array, settings: KernelSettings): GaussianProcess {
  const n = targets.length;
  const half = solveLower(lower, n, targets.slice());
  let square = 0;
  for (const value of half) square += value * value;
  const variance = Math.max(square / n, 1e-12);
  let logDeterminant = 0;
  for (let i = 0; i < n; i++) logDeterminant += Math.log(lower[i * n + i]!);
  return {
    settings,
    variance,
    logLikelihood: -0.5 * n * Math.log(variance) - logDeterminant,
    lower,
    weights: solveUpper(lower, n, half),
  };
}

/** The last factor of a matrix: the next suggestion's rows begin with its rows, and only the new ones are worked out. */
const lastFactors = new WeakMap<
  FeatureMatrix,
  { readonly settings: KernelSettings; readonly rows: readonly number[]; readonly lower: Float64Array }
>();

/** Fits a process with given settings to targets of rows. */
export function fitGaussianProcess(
  features: FeatureMatrix,
  rows: readonly number[],
  targets: readonly number[],
  settings: KernelSettings,
): GaussianProcess {
  const n = rows.length;
  const last = lastFactors.get(features);
  const before =
    last !== undefined &&
    last.rows.length <= n &&
    last.rows.every((row, i) => row === rows[i]) &&
    sameSettings(last.settings, settings)
      ? last
      : null;
  const kept = before?.rows.length ?? 0;
  const lower = new Float64Array(n * n);
  for (let i = 0; i < kept; i++) lower.set(before!.lower.subarray(i * kept, i * kept + i + 1), i * n);
  const order = Int32Array.from(rows);
  for (const row of order.toSorted()) relationsOf(features, row);
  for (let i = kept; i < n; i++) {
    const kernel = kernelBetween(features, rows[i]!, order.subarray(0, i + 1), settings);
    lower.set(kernel, i * n);
    lower[i * n + i] = lower[i * n + i]! + settings.noise;
  }
  if (!cholesky(lower, n, kept)) {
    // Rounding, or a noise that explains too little: more of it always helps.
    return fitGaussianProcess(features, rows, targets, { ...settings, noise: 2 * settings.noise + 1e-3 });
  }
  lastFactors.set(features, { settings, rows: [...rows], lower });
  return fitted(lower, Float64Array.from(targets), settings);
}

const sameSettings = (a: KernelSettings, b: KernelSettings): boolean =>
  a === b || (Object.keys(a) as Part[]).every((part) => a[part] === b[part]);

/** The kernel between one row and others, without noise. */
function kernelBetween(
  features: FeatureMatrix,
  row: number,
  others: Int32Array,
  settings: KernelSettings,
): Float64Array {
  const { distances, linear, linearProxies } = relationsOf(features, row);
  const kernel = new Float64Array(others.length);
  for (const [b, weight] of blockWeights(features, settings).entries()) {
    if (weight === 0) continue;
    const distance = distances[b]!;
    for (let i = 0; i < others.length; i++) kernel[i] = kernel[i]! + weight * distance[others[i]!]!;
  }
  for (let i = 0; i < others.length; i++) kernel[i] = Math.exp(-0.5 * kernel[i]!);
  for (const [trend, weight] of [
    [linear, settings.linear],
    [linearProxies, settings.linearProxies],
  ] as const)
    if (trend !== null && weight > 0)
      for (let i = 0; i < others.length; i++) kernel[i] = kernel[i]! + weight * trend[others[i]!]!;
  return kernel;
}

/** The kernel of each asked row with itself, without noise. */
function ownKernel(features: FeatureMatrix, asked: Int32Array, settings: KernelSettings): Float64Array {
  const own = new Float64Array(asked.length).fill(1);
  const { rows, values, blocks, linear } = features;
  const proxies = blocks.find(({ name }) => name === 'proxies');
  const add = (columns: readonly number[], weight: number): void => {
    for (const j of columns)
      for (let i = 0; i < asked.length; i++)
        own[i] = own[i]! + (weight / columns.length) * values[j * rows + asked[i]!]! ** 2;
  };
  if (settings.linear > 0) add(linear, settings.linear);
  if (settings.linearProxies > 0 && proxies !== undefined)
    add(
      Array.from({ length: proxies.to - proxies.from }, (_, k) => proxies.from + k),
      settings.linearProxies,
    );
  return own;
}

/** Means at the asked rows alone: much quicker than with deviations. */
export function processMeans(
  gp: GaussianProcess,
  features: FeatureMatrix,
  known: readonly number[],
  asked: Int32Array,
): Float64Array {
  const mean = new Float64Array(asked.length);
  for (const [k, row] of known.entries()) {
    const weight = gp.weights[k]!;
    const kernel = kernelBetween(features, row, asked, gp.settings);
    for (let i = 0; i < asked.length; i++) mean[i] = mean[i]! + weight * kernel[i]!;
  }
  return mean;
}

/** Mean and standard deviation of the function (without noise) at the asked rows. */
export function predictProcess(
  gp: GaussianProcess,
  features: FeatureMatrix,
  known: readonly number[],
  asked: Int32Array,
): Prediction {
  const [n, m] = [known.length, asked.length];
  const kernel = new Float64Array(n * m);
  const mean = new Float64Array(m);
  for (const [k, row] of known.entries()) {
    const between = kernelBetween(features, row, asked, gp.settings);
    kernel.set(between, k * m);
    for (let i = 0; i < m; i++) mean[i] = mean[i]! + gp.weights[k]! * between[i]!;
  }
  const own = ownKernel(features, asked, gp.settings);
  solveLowerMany(gp.lower, n, kernel, m);
  for (let k = 0; k < n; k++) for (let i = 0; i < m; i++) own[i] = own[i]! - kernel[k * m + i]! ** 2;
  return { mean, deviation: own.map((left) => Math.sqrt(gp.variance * Math.max(left, 1e-9))) };
}

/** What the process would have predicted for each known row without it (Rasmussen & Williams 2006, 5.12). */
export function leaveOneOut(gp: GaussianProcess, targets: readonly number[]): Float64Array {
  const diagonal = inverseDiagonal(gp.lower, targets.length);
  return Float64Array.from(targets, (target, i) => target - gp.weights[i]! / diagonal[i]!);
}
