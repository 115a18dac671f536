/**
 * Extremely randomised trees for regression (Geurts et al. 2006): every tree sees all rows, each node splits at a random
 * threshold of the best among a few random columns. Quick, without settings to fit, and at home with one-hot, counted
 * and continuous columns alike.
 */
import type { Random } from '../../random.ts';
import type { FeatureMatrix } from './features.ts';

export interface ForestOptions {
  readonly trees: number;
  /** Share of the columns tried at a node, 0 … 1. */
  readonly columnShare: number;
  /** And their number, at most. */
  readonly mostColumns: number;
  /** Rows below which a node is not split. */
  readonly minSplit: number;
}

/** One tree as arrays; a node with `column` -1 is a leaf and holds its mean in `threshold`. */
interface Tree {
  readonly column: Int32Array;
  readonly threshold: Float64Array;
  /** The left child; the right one follows it. */
  readonly child: Int32Array;
}

export interface Forest {
  readonly trees: readonly Tree[];
}

/** Fits a forest to the targets of the given rows of the matrix. */
export function fitForest(
  features: FeatureMatrix,
  rows: readonly number[],
  targets: readonly number[],
  { trees, columnShare, mostColumns, minSplit }: ForestOptions,
  random: Random,
): Forest {
  const tried = Math.max(1, Math.round(Math.min(mostColumns, columnShare * features.columns)));
  const data = gathered(features, rows);
  return {
    trees: Array.from({ length: trees }, (_, t) =>
      growTree(data, features.columns, targets, tried, minSplit, random.split('tree', t)),
    ),
  };
}

/** The rows column by column: splits read one column of all rows. */
function gathered({ values, columns }: FeatureMatrix, rows: readonly number[]): Float32Array {
  const data = new Float32Array(rows.length * columns);
  for (const [i, row] of rows.entries())
    for (let j = 0; j < columns; j++) data[j * rows.length + i] = values[row * columns + j]!;
  return data;
}

function growTree(
  data: Float32Array,
  columns: number,
  targets: readonly number[],
  tried: number,
  minSplit: number,
  random: Random,
): Tree {
  const n = targets.length;
  const capacity = 2 * n;
  const column = new Int32Array(capacity).fill(-1);
  const threshold = new Float64Array(capacity);
  const child = new Int32Array(capacity);
  const order = Int32Array.from(targets.keys());
  const spare = new Int32Array(n);
  // The first so many are those that may vary in a node. A node moves the ones that do not behind them, for all nodes below
  // it; its sibling, which comes when they are done, finds the same columns in another order.
  const candidates = Int32Array.from({ length: columns }, (_, j) => j);
  let varying = columns;
  // Of the rows of the node at hand, in their order.
  const values = new Float32Array(n);
  const aims = new Float64Array(n);
  let size = 1;
  const open: (readonly [node: number, from: number, to: number, varying: number])[] = [[0, 0, n, columns]];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [node, from, to] = next;
    varying = next[3];
    const split = to - from < minSplit ? null : bestSplit(from, to);
    if (split === null) {
      let sum = 0;
      for (let i = from; i < to; i++) sum += targets[order[i]!]!;
      threshold[node] = sum / (to - from);
      continue;
    }
    let [left, right] = [from, 0];
    for (let i = from; i < to; i++) {
      const at = order[i]!;
      if (data[split.column * n + at]! <= split.threshold) order[left++] = at;
      else spare[right++] = at;
    }
    for (let i = 0; i < right; i++) order[left + i] = spare[i]!;
    column[node] = split.column;
    threshold[node] = split.threshold;
    child[node] = size;
    open.push([size, from, left, varying], [size + 1, left, to, varying]);
    size += 2;
  }
  return { column, threshold, child };

  /** The split of largest variance reduction among some random ones; null when no tried column varies. */
  function bestSplit(from: number, to: number): { column: number; threshold: number } | null {
    let best: { column: number; threshold: number } | null = null;
    let bestGain = -1;
    let total = 0;
    const rows = to - from;
    for (let i = 0; i < rows; i++) {
      const target = targets[order[from + i]!]!;
      aims[i] = target;
      total += target;
    }
    // Columns constant in this node do not count as tried; among few rows most are.
    for (let useful = 0; useful < tried && useful < varying; ) {
      const place = useful + random.int(varying - useful);
      const j = candidates[place]!;
      const offset = j * n;
      let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
      for (let i = 0; i < rows; i++) {
        const value = data[offset + order[from + i]!]!;
        values[i] = value;
        if (value < low) low = value;
        if (value > high) high = value;
      }
      if (!(high > low)) {
        varying--;
        candidates[place] = candidates[varying]!;
        candidates[varying] = j;
        continue;
      }
      candidates[place] = candidates[useful]!;
      candidates[useful] = j;
      useful++;
      const cut = low + random.next() * (high - low);
      let [count, sum] = [0, 0];
      for (let i = 0; i < rows; i++)
        if (values[i]! <= cut) {
          count++;
          sum += aims[i]!;
        }
      const others = rows - count;
      if (count === 0 || others === 0) continue;
      const gain = sum ** 2 / count + (total - sum) ** 2 / others;
      if (gain > bestGain) [best, bestGain] = [{ column: j, threshold: cut }, gain];
    }
    return best;
  }
}

export interface Prediction {
  readonly mean: Float64Array;
  readonly deviation: Float64Array;
}

/** Mean and standard deviation over the trees for rows of the matrix. */
export function predictForest(
  { trees }: Forest,
  { values, columns }: FeatureMatrix,
  rows: ArrayLike<number>,
): Prediction {
  const mean = new Float64Array(rows.length);
  const deviation = new Float64Array(rows.length);
  for (let i = 0; i < rows.length; i++) {
    const offset = rows[i]! * columns;
    let [sum, squares] = [0, 0];
    for (const { column, threshold, child } of trees) {
      let node = 0;
      for (let j = column[0]!; j >= 0; j = column[node]!)
        node = child[node]! + (values[offset + j]! <= threshold[node]! ? 0 : 1);
      const leaf = threshold[node]!;
      sum += leaf;
      squares += leaf * leaf;
    }
    mean[i] = sum / trees.length;
    deviation[i] = Math.sqrt(Math.max(0, squares / trees.length - mean[i]! ** 2));
  }
  return { mean, deviation };
}
