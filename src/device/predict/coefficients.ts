/**
 * What a unit of work costs: coefficients that are not negative, with the least sum of squared *relative* errors
 * (coordinate descent under the bound, as Franc, Hlaváč and Navara 2005 solve it), made robust by reweighting.
 */
import { partsOf, type Work } from './work.ts';

export interface Sample {
  readonly work: Work;
  /** Measured. */
  readonly ms: number;
}

/** Milliseconds for one unit of work, by name; only those above 0. */
export type Coefficients = Readonly<Record<string, number>>;

const SWEEPS = 300;
/** No coefficient moves by a larger share of its scale at the end. */
const SETTLED = 1e-5;
/** How much coefficients are drawn to 0: there are as many amounts as a calibration has networks. */
export interface Shrinkage {
  /** Against columns that are nearly the same; a share of a column's own square. */
  readonly ridge: number;
  /** Amounts of a kind are shrunk by the square of this more than those of the family, 0..1. */
  readonly kindScale: number;
}

/** From little to much. */
export const SHRINKAGES: readonly Shrinkage[] = [
  { ridge: 1e-4, kindScale: 0.3 },
  { ridge: 1e-3, kindScale: 0.1 },
  { ridge: 1e-2, kindScale: 0.05 },
];

/** Relative errors beyond this count less (Huber's weights). */
const ROBUST_FROM = 0.06;
const REWEIGHTINGS = 4;

export function evaluate(coefficients: Coefficients, work: Work): number {
  let ms = 0;
  for (const [name, amount] of work) ms += amount * (coefficients[name] ?? 0);
  return ms;
}

export function fitCoefficients(
  samples: readonly Sample[],
  { ridge, kindScale }: Shrinkage = SHRINKAGES[0]!,
): Coefficients {
  const names = [...new Set(samples.flatMap(({ work }) => [...work.keys()]))].sort();
  const columns = names.map((name) =>
    Float64Array.from(samples, ({ work, ms }) => (work.get(name) ?? 0) / ms),
  );
  for (const [j, column] of columns.entries()) {
    const scale = scaleOf(column, names[j]!, kindScale);
    for (let i = 0; i < column.length; i++) column[i]! /= scale;
  }
  let weights = new Float64Array(samples.length).fill(1);
  let x = new Float64Array(names.length);
  for (let round = 0; round < REWEIGHTINGS; round++) {
    x = nonNegative(columns, weights, ridge, x);
    weights = Float64Array.from(samples, (_, i) => {
      let share = 0;
      for (const [j, column] of columns.entries()) share += column[i]! * x[j]!;
      return 1 / Math.max(1, Math.abs(share - 1) / ROBUST_FROM);
    });
  }
  const scales = names.map((name) =>
    scaleOf(
      Float64Array.from(samples, ({ work, ms }) => (work.get(name) ?? 0) / ms),
      name,
      kindScale,
    ),
  );
  return Object.fromEntries(names.flatMap((name, j) => (x[j]! > 0 ? [[name, x[j]! / scales[j]!]] : [])));
}

const scaleOf = (column: Float64Array, name: string, kindScale: number): number =>
  (Math.sqrt(column.reduce((sum, v) => sum + v * v, 0)) || 1) / (partsOf(name).ofKind ? kindScale : 1);

/** min Σᵢ wᵢ(Σⱼ xⱼ Aⱼᵢ − 1)² + ridge‖x‖² over x ≥ 0, from `start`. */
function nonNegative(
  columns: readonly Float64Array[],
  weights: Float64Array,
  ridge: number,
  start: Float64Array,
): Float64Array<ArrayBuffer> {
  const n = columns.length;
  const gram = gramMatrix(columns, weights);
  for (const [j, row] of gram.entries()) row[j]! += ridge;
  const x = Float64Array.from(start);
  // The gradient, kept up to date by each step.
  const gradient = Float64Array.from(columns, (column, j) => dot(gram[j]!, x) - dot(column, weights));
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    let moved = 0;
    for (let j = 0; j < n; j++) {
      const row = gram[j]!;
      const next = Math.max(0, x[j]! - gradient[j]! / row[j]!);
      const step = next - x[j]!;
      if (step === 0) continue;
      moved = Math.max(moved, Math.abs(step));
      x[j] = next;
      for (let k = 0; k < n; k++) gradient[k]! += step * row[k]!;
    }
    if (moved < SETTLED) break;
  }
  return x;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** Σᵢ wᵢ Aⱼᵢ Aₖᵢ by j and k. Most kinds are in few networks: a column's zeros are passed over. */
function gramMatrix(columns: readonly Float64Array[], weights: Float64Array): Float64Array[] {
  const gram = columns.map(() => new Float64Array(columns.length));
  for (const [j, column] of columns.entries()) {
    const rows = Uint32Array.from(column.keys()).filter((i) => column[i] !== 0);
    const weighted = Float64Array.from(rows, (i) => column[i]! * weights[i]!);
    for (let k = 0; k <= j; k++) {
      const other = columns[k]!;
      let sum = 0;
      for (let r = 0; r < rows.length; r++) sum += weighted[r]! * other[rows[r]!]!;
      gram[j]![k] = gram[k]![j] = sum;
    }
  }
  return gram;
}
