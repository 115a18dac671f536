/** How alike two rows of a matrix are, block by block: what kernels are made of. */
import type { BlockName, FeatureMatrix } from './feature-matrix.ts';

/** From one row to every row. */
export interface Relations {
  /** By block of the matrix, in its order: the mean squared difference over the block's columns. About 2 on average. */
  readonly distances: readonly Float32Array[];
  /** The mean product over the columns along which a trend goes on; null where there are none. */
  readonly linear: Float32Array | null;
  /** The same over the proxies. */
  readonly linearProxies: Float32Array | null;
}

interface Known {
  readonly relations: Map<number, Relations>;
  /** Rows from the first on of which all relations are kept. */
  leading: number;
}

const cache = new WeakMap<FeatureMatrix, Known>();
/** Bytes of one matrix's relations that are kept. */
const KEPT_BYTES = 150e6;

/**
 * Computed once for a row, and kept for a while. Distances are the same both ways: whoever asks for many rows of a matrix
 * from its first on, in ascending order, pays for half of them.
 */
export function relationsOf(features: FeatureMatrix, row: number): Relations {
  let known = cache.get(features);
  if (known === undefined) {
    known = { relations: new Map(), leading: 0 };
    cache.set(features, known);
  }
  let found = known.relations.get(row);
  if (found === undefined) {
    found = compute(features, row, row <= known.leading ? known.relations : null);
    const bytes = 4 * features.rows * (features.blocks.length + 2);
    if ((known.relations.size + 1) * bytes > KEPT_BYTES) {
      known.relations.delete(known.relations.keys().next().value!);
      known.leading = 0;
    }
    if (row === known.leading) known.leading++;
    known.relations.set(row, found);
  }
  return found;
}

/** @param before relations of all rows before this one */
function compute(
  { rows, values, blocks, linear }: FeatureMatrix,
  row: number,
  before: ReadonlyMap<number, Relations> | null,
): Relations {
  const product = (columns: readonly number[]): Float32Array | null => {
    if (columns.length === 0) return null;
    const sums = new Float32Array(rows);
    for (const j of columns) {
      const column = values.subarray(j * rows, (j + 1) * rows);
      const own = column[row]! / columns.length;
      for (let i = 0; i < rows; i++) sums[i] = sums[i]! + own * column[i]!;
    }
    return sums;
  };
  const first = before === null ? 0 : row;
  const distances = blocks.map(({ from, to }, b) => {
    const sums = new Float32Array(rows);
    addSquares(values, rows, row, from, to, first, sums);
    const share = 1 / (to - from);
    for (let i = first; i < rows; i++) sums[i] = sums[i]! * share;
    for (let i = 0; i < first; i++) sums[i] = before!.get(i)!.distances[b]![row]!;
    return sums;
  });
  const proxies = blocks.find(({ name }) => name === 'proxies');
  return {
    distances,
    linear: product(linear),
    linearProxies:
      proxies === undefined
        ? null
        : product(Array.from({ length: proxies.to - proxies.from }, (_, k) => proxies.from + k)),
  };
}

/** Adds the squared differences in some columns between one row and those from `first` on, four columns at a time. */
function addSquares(
  values: Float32Array,
  rows: number,
  row: number,
  from: number,
  to: number,
  first: number,
  sums: Float32Array,
): void {
  let j = from;
  for (; j + 3 < to; j += 4) {
    const [a, b, c, d] = [j * rows, (j + 1) * rows, (j + 2) * rows, (j + 3) * rows];
    const [ownA, ownB, ownC, ownD] = [values[a + row]!, values[b + row]!, values[c + row]!, values[d + row]!];
    for (let i = first; i < rows; i++) {
      const inA = values[a + i]! - ownA;
      const inB = values[b + i]! - ownB;
      const inC = values[c + i]! - ownC;
      const inD = values[d + i]! - ownD;
      // Rounded after each column, as if it were added by itself.
      let sum = Math.fround(sums[i]! + inA * inA);
      sum = Math.fround(sum + inB * inB);
      sum = Math.fround(sum + inC * inC);
      sums[i] = sum + inD * inD;
    }
  }
  for (; j < to; j++) {
    const own = values[j * rows + row]!;
    for (let i = first; i < rows; i++) {
      const difference = values[j * rows + i]! - own;
      sums[i] = sums[i]! + difference * difference;
    }
  }
}

/** The weight of each block in the matrix's order. */
export const blockWeights = (
  { blocks }: FeatureMatrix,
  weights: Readonly<Record<BlockName, number>>,
): readonly number[] => blocks.map(({ name }) => weights[name]);
