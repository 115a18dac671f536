/** Features of many candidates as one matrix, standardised column by column, in blocks of one kind each. */
import { encodingSlots } from '../../space/encoding.ts';
import type { SearchSpace } from '../../space/space.ts';
import type { RawFeatures } from './features.ts';

export const BLOCKS = ['choices', 'neighbourhoods', 'cost', 'proxies'] as const;
export type BlockName = (typeof BLOCKS)[number];

/** Columns `from` … `to − 1`. */
export interface FeatureBlock {
  readonly name: BlockName;
  readonly from: number;
  readonly to: number;
}

export interface FeatureMatrix {
  readonly rows: number;
  readonly columns: number;
  /** Column by column: element (i, j) stands at j·rows + i. Every column has mean 0 and deviation 1. */
  readonly values: Float32Array;
  readonly blocks: readonly FeatureBlock[];
  /** Columns along which a trend goes on beyond what was seen: cost, numbers decided. */
  readonly linear: readonly number[];
}

/** Neighbourhoods in fewer rows than this tell of single networks, not of what networks share. */
const LEAST_ROWS = 3;
const LEAST_SHARE = 0.005;

/** Features of one row: of a network, the choices as the mean over the genomes that build it. */
export type RowFeatures = Omit<RawFeatures, 'identity'>;

export interface FeatureMatrixOptions {
  /** Leaves out nearly equal columns too, which takes the square of the number of columns. */
  readonly merged?: boolean;
  /** Columns of neighbourhoods at most, those that vary the most: beyond a few hundred they only cost time. */
  readonly mostNeighbourhoods?: number;
}

/** The matrix of the rows in their order. Columns that do not vary are left out, and of equal ones in a block all but the first. */
export function featureMatrix(
  space: Pick<SearchSpace, 'root'>,
  raw: readonly RowFeatures[],
  { merged = false, mostNeighbourhoods = Number.POSITIVE_INFINITY }: FeatureMatrixOptions = {},
): FeatureMatrix {
  const rows = raw.length;
  const numbers = numericColumns(space);
  const kept: Float32Array[] = [];
  const blocks: FeatureBlock[] = [];
  const linear: number[] = [];
  const addBlock = (name: BlockName, columns: Iterable<readonly [column: Float32Array, trend: boolean]>) => {
    const from = kept.length;
    const seen = new Set<string>();
    for (const [column, trend] of columns) {
      const scaled = standardised(column);
      if (scaled === null) continue;
      const key = fingerprint(scaled);
      if (seen.has(key)) continue;
      seen.add(key);
      if (merged && nearlyIn(kept, from, scaled)) continue;
      if (trend) linear.push(kept.length);
      kept.push(scaled);
    }
    if (kept.length > from) blocks.push({ name, from, to: kept.length });
  };
  addBlock(
    'choices',
    Array.from(
      { length: raw[0]?.choices.length ?? 0 },
      (_, j) => [Float32Array.from(raw, (r) => r.choices[j]!), numbers.has(j)] as const,
    ),
  );
  addBlock('neighbourhoods', neighbourhoodColumns(raw, mostNeighbourhoods));
  addBlock(
    'cost',
    Array.from(
      { length: raw[0]?.cost.length ?? 0 },
      (_, j) => [Float32Array.from(raw, (r) => r.cost[j]!), true] as const,
    ),
  );
  return { rows, columns: kept.length, values: joined(kept, rows), blocks, linear };
}

/** The matrix with further columns, standardised already, as a block at its end. */
export function withBlock(
  matrix: FeatureMatrix,
  name: BlockName,
  columns: readonly Float32Array[],
): FeatureMatrix {
  if (columns.length === 0) return matrix;
  const values = new Float32Array(matrix.values.length + columns.length * matrix.rows);
  values.set(matrix.values);
  for (const [j, column] of columns.entries()) values.set(column, (matrix.columns + j) * matrix.rows);
  const to = matrix.columns + columns.length;
  return { ...matrix, columns: to, values, blocks: [...matrix.blocks, { name, from: matrix.columns, to }] };
}

/** Of the one-hot encoding, the columns that hold a number. */
function numericColumns(space: Pick<SearchSpace, 'root'>): ReadonlySet<number> {
  const found = new Set<number>();
  let at = 0;
  for (const { outcomes, conditional } of encodingSlots(space)) {
    if (!Array.isArray(outcomes)) found.add(at);
    at += (Array.isArray(outcomes) ? outcomes.length : 1) + (conditional ? 1 : 0);
  }
  return found;
}

function* neighbourhoodColumns(
  raw: readonly RowFeatures[],
  most: number,
): Generator<readonly [Float32Array, boolean]> {
  const rows = raw.length;
  const found = new Map(tellingNeighbourhoods(raw, most).map((number) => [number, new Float32Array(rows)]));
  for (const [i, { neighbourhoods }] of raw.entries())
    for (const [number, count] of neighbourhoods) {
      const column = found.get(number);
      if (column !== undefined) column[i] = Math.log1p(count);
    }
  for (const column of found.values()) yield [column, false];
}

/** Those that occur in enough rows, in the order in which they are met; where these are too many, the ones of most variance. */
function tellingNeighbourhoods(raw: readonly RowFeatures[], most: number): number[] {
  const least = Math.max(LEAST_ROWS, LEAST_SHARE * raw.length);
  const support = new Map<number, number>();
  for (const { neighbourhoods } of raw)
    for (const number of neighbourhoods.keys()) support.set(number, (support.get(number) ?? 0) + 1);
  const enough = [...support].filter(([, count]) => count >= least).map(([number]) => number);
  if (enough.length <= most) return enough;
  const place = new Map(enough.map((number, i) => [number, i]));
  const [sums, squares] = [new Float64Array(enough.length), new Float64Array(enough.length)];
  for (const { neighbourhoods } of raw)
    for (const [number, count] of neighbourhoods) {
      const i = place.get(number);
      if (i === undefined) continue;
      const value = Math.log1p(count);
      sums[i] = sums[i]! + value;
      squares[i] = squares[i]! + value * value;
    }
  const variance = squares.map((square, i) => square / raw.length - (sums[i]! / raw.length) ** 2);
  return [...enough.keys()]
    .sort((a, b) => variance[b]! - variance[a]! || a - b)
    .slice(0, most)
    .sort((a, b) => a - b)
    .map((i) => enough[i]!);
}

function joined(columns: readonly Float32Array[], rows: number): Float32Array {
  const values = new Float32Array(rows * columns.length);
  for (const [j, column] of columns.entries()) values.set(column, j * rows);
  return values;
}

/** Of mean 0 and deviation 1; null when it does not vary. */
export function standardised(column: Float32Array): Float32Array | null {
  let mean = 0;
  for (const value of column) mean += value;
  mean /= column.length;
  let square = 0;
  for (const value of column) square += (value - mean) ** 2;
  const deviation = Math.sqrt(square / column.length);
  if (!(deviation > 1e-7)) return null;
  return column.map((value) => (value - mean) / deviation);
}

/** Equal for equal columns; different ones agree in all three sums only by chance. */
function fingerprint(column: Float32Array): string {
  let [a, b, c] = [0, 0, 0];
  for (let i = 0; i < column.length; i++) {
    const value = column[i]!;
    a += value * ((i % 97) + 1);
    b += value * ((i % 89) + 1);
    c += value * value * ((i % 83) + 1);
  }
  return [a, b, c].map((sum) => sum.toFixed(3)).join();
}

/** Correlation from which two columns count as one. */
const NEARLY = 0.998;
/** Rows by which most pairs are told apart already. */
const GLANCE = 128;

function nearlyIn(columns: readonly Float32Array[], from: number, column: Float32Array): boolean {
  for (let j = from; j < columns.length; j++) {
    const other = columns[j]!;
    // Σ(a−b)² = 2n(1 − correlation), and counts from the first rows on.
    const most = 2 * column.length * (1 - NEARLY);
    let sum = 0;
    for (let i = 0; i < column.length && sum <= most; i += GLANCE)
      for (let k = i; k < Math.min(i + GLANCE, column.length); k++) sum += (column[k]! - other[k]!) ** 2;
    if (sum <= most) return true;
  }
  return false;
}
