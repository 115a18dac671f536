/**
 * Latency as a sum over the work of a network's kernels with coefficients that are not negative, and an interval that
 * needs no assumption about the errors.
 *
 * The coefficients have the least sum of squared *relative* errors (coordinate descent under the bound, as Franc,
 * Hlaváč and Navara 2005 solve it). Networks that took no part in the fit give the interval (split conformal
 * prediction, Lei et al. 2018): the error that a stated share of them stays below, normalised by the prediction.
 */
import type { Kernel } from './kernels.ts';

/** Work of a network, summed by kind and name: `Conv 3x3 stride 1/macs`. `run` is the call itself, 1. */
export type Work = ReadonlyMap<string, number>;

export interface Sample {
  readonly work: Work;
  /** Measured. */
  readonly ms: number;
}

export interface LatencyModel {
  /** Milliseconds for one unit of work; only those above 0. */
  readonly coefficients: Readonly<Record<string, number>>;
  /** All work that calibration has seen, also what costs nothing. */
  readonly known: readonly string[];
  /** Half the interval as a share of the prediction. */
  readonly relativeError: number;
  /** Share of networks whose latency lies in the interval, 0..1. */
  readonly confidence: number;
}

export interface Prediction {
  readonly ms: number;
  readonly lowMs: number;
  readonly highMs: number;
  /** Kinds of operators that calibration has never seen: they count as nothing, the interval does not hold. */
  readonly unknown: readonly string[];
}

export function workOf(kernels: readonly Kernel[]): Work {
  const total = new Map([['run', 1]]);
  for (const { kind, work } of kernels)
    for (const [name, amount] of Object.entries(work)) {
      const key = `${kind}/${name}`;
      total.set(key, (total.get(key) ?? 0) + amount);
    }
  return total;
}

const SWEEPS = 3000;
/** Against columns that are nearly the same; a share of a column's own square. */
const RIDGE = 1e-5;

/** min ‖Ax − 1‖² + ridge over x ≥ 0, the rows being work divided by the measured time. */
function coefficientsOf(samples: readonly Sample[], names: readonly string[]): Map<string, number> {
  const columns = names.map((name) =>
    Float64Array.from(samples, ({ work, ms }) => (work.get(name) ?? 0) / ms),
  );
  const scales = columns.map((column) => Math.sqrt(column.reduce((sum, v) => sum + v * v, 0)) || 1);
  for (const [j, column] of columns.entries())
    for (let i = 0; i < column.length; i++) column[i]! /= scales[j]!;
  const n = names.length;
  const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, v, i) => sum + v * b[i]!, 0);
  const gram = columns.map((a) => Float64Array.from(columns, (b) => dot(a, b)));
  for (const [j, row] of gram.entries()) row[j]! += RIDGE;
  const x = new Float64Array(n);
  // The gradient, kept up to date by each step.
  const gradient = Float64Array.from(columns, (column) => -column.reduce((sum, v) => sum + v, 0));
  for (let sweep = 0; sweep < SWEEPS; sweep++)
    for (let j = 0; j < n; j++) {
      const next = Math.max(0, x[j]! - gradient[j]! / gram[j]![j]!);
      const step = next - x[j]!;
      if (step === 0) continue;
      x[j] = next;
      for (let k = 0; k < n; k++) gradient[k]! += step * gram[j]![k]!;
    }
  return new Map(names.flatMap((name, j) => (x[j]! > 0 ? [[name, x[j]! / scales[j]!] as const] : [])));
}

const evaluate = (coefficients: Readonly<Record<string, number>>, work: Work): number => {
  let ms = 0;
  for (const [name, amount] of work) ms += amount * (coefficients[name] ?? 0);
  return ms;
};

/** Every so many-th sample is kept for the interval. */
const HELD_OUT = 4;

/** @param samples 40 at least, in random order */
export function fitLatency(samples: readonly Sample[], confidence: number): LatencyModel {
  const fitted = samples.filter((_, i) => i % HELD_OUT !== 0);
  const heldOut = samples.filter((_, i) => i % HELD_OUT === 0);
  const known = [...new Set(fitted.flatMap(({ work }) => [...work.keys()]))].sort();
  const coefficients = Object.fromEntries(coefficientsOf(fitted, known));
  const errors = heldOut
    .map(({ work, ms }) => {
      const predicted = evaluate(coefficients, work);
      return Math.abs(ms - predicted) / predicted;
    })
    .sort((a, b) => a - b);
  // The (n + 1)-th share, which makes the coverage hold for the next network and not on average over these.
  const rank = Math.min(errors.length, Math.ceil((errors.length + 1) * confidence));
  return { coefficients, known, relativeError: errors[rank - 1] ?? Number.POSITIVE_INFINITY, confidence };
}

export function predictLatency(model: LatencyModel, work: Work): Prediction {
  const ms = evaluate(model.coefficients, work);
  const known = new Set(model.known);
  return {
    ms,
    lowMs: Math.max(0, ms * (1 - model.relativeError)),
    highMs: ms * (1 + model.relativeError),
    unknown: [...new Set([...work.keys()].filter((n) => !known.has(n)).map((n) => n.split('/')[0]!))],
  };
}
