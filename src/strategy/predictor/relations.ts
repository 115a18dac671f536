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

const cache = new WeakMap<FeatureMatrix, Map<number, Relations>>();
/** Bytes of one matrix's relations that are kept. */
const KEPT_BYTES = 150e6;

/** Computed once for a row, and kept for a while. */
export function relationsOf(features: FeatureMatrix, row: number): Relations {
  let known = cache.get(features);
  if (known === undefined) {
    known = new Map();
    cache.set(features, known);
  }
  let found = known.get(row);
  if (found === undefined) {
    found = compute(features, row);
    const bytes = 4 * features.rows * (features.blocks.length + 2);
    if ((known.size + 1) * bytes > KEPT_BYTES) known.delete(known.keys().next().value!);
    known.set(row, found);
  }
  return found;
}

function compute({ rows, values, blocks, linear }: FeatureMatrix, row: number): Relations {
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
  const distances = blocks.map(({ from, to }) => {
    const sums = new Float32Array(rows);
    for (let j = from; j < to; j++) {
      const column = values.subarray(j * rows, (j + 1) * rows);
      const own = column[row]!;
      for (let i = 0; i < rows; i++) {
        const difference = column[i]! - own;
        sums[i] = sums[i]! + difference * difference;
      }
    }
    const share = 1 / (to - from);
    return sums.map((sum) => sum * share);
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

/** The weight of each block in the matrix's order. */
export const blockWeights = (
  { blocks }: FeatureMatrix,
  weights: Readonly<Record<BlockName, number>>,
): readonly number[] => blocks.map(({ name }) => weights[name]);
