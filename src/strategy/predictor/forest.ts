/**
 * Extremely randomised trees for regression (Geurts et al. 2006): each node splits at a random threshold of the best among
 * a few random columns. Quick, without settings to fit, and at home with one-hot, counted and continuous columns alike.
 * Every tree leaves out some of the rows, which tell how far the forest can be believed (Breiman 1996, out of bag).
 */
import type { Random } from '../../random.ts';
import type { FeatureMatrix } from './feature-matrix.ts';

export interface ForestOptions {
  readonly trees: number;
  /** Share of the columns tried at a node, 0 … 1. */
  readonly columnShare: number;
  /** And their number, at most. */
  readonly mostColumns: number;
  /** What the trees see, by turns. */
  readonly views: readonly View[];
  /** Rows below which a node is not split. */
  readonly minSplit: number;
  /** Share of the rows that a tree sees, 0 … 1. */
  readonly rowShare: number;
}

/** The columns that a tree may split by. */
export interface View {
  /** Of these some are tried at a node. */
  readonly columns: readonly number[];
  /** These are tried at every node. */
  readonly always: readonly number[];
}

/** One tree as arrays; a node with `column` -1 is a leaf and holds its mean in `threshold`. */
interface Tree {
  readonly column: Int32Array;
  readonly threshold: Float64Array;
  /** The left child; the right one follows it. */
  readonly child: Int32Array;
  /** By place among the rows fitted: 1 where the tree did not see it. */
  readonly unseen: Uint8Array;
}

export interface Forest {
  readonly trees: readonly Tree[];
}

/** Fits a forest to the targets of the given rows of the matrix. */
export function fitForest(
  features: FeatureMatrix,
  rows: readonly number[],
  targets: readonly number[],
  options: ForestOptions,
  random: Random,
): Forest {
  const { trees, columnShare, mostColumns, views, minSplit } = options;
  const data = gathered(features, rows);
  const seen = Math.max(1, Math.round(options.rowShare * rows.length));
  const places = [...rows.keys()];
  return {
    trees: Array.from({ length: trees }, (_, t) => {
      const stream = random.split('tree', t);
      const bag = seen >= rows.length ? places : stream.shuffle(places).slice(0, seen);
      const view = views[t % views.length]!;
      const tried = Math.max(1, Math.round(Math.min(mostColumns, columnShare * view.columns.length)));
      return growTree(data, view, targets, bag, tried, minSplit, stream);
    }),
  };
}

/** The rows column by column: splits read one column of all rows. */
function gathered({ values, columns, rows: all }: FeatureMatrix, rows: readonly number[]): Float32Array {
  const data = new Float32Array(rows.length * columns);
  for (let j = 0; j < columns; j++)
    for (let i = 0; i < rows.length; i++) data[j * rows.length + i] = values[j * all + rows[i]!]!;
  return data;
}

function growTree(
  data: Float32Array,
  { columns, always }: View,
  targets: readonly number[],
  bag: readonly number[],
  tried: number,
  minSplit: number,
  random: Random,
): Tree {
  const n = targets.length;
  const size = bag.length;
  const capacity = 2 * size;
  const column = new Int32Array(capacity).fill(-1);
  const threshold = new Float64Array(capacity);
  const child = new Int32Array(capacity);
  const unseen = new Uint8Array(n).fill(1);
  for (const place of bag) unseen[place] = 0;
  const order = Int32Array.from(bag);
  const spare = new Int32Array(size);
  // The first so many are those that may vary in a node. A node moves the ones that do not behind them, for all nodes below
  // it; its sibling, which comes when they are done, finds the same columns in another order.
  const candidates = Int32Array.from(columns);
  let varying = columns.length;
  // Of the rows of the node at hand, in their order.
  const values = new Float32Array(size);
  const aims = new Float64Array(size);
  let nodes = 1;
  let [bestColumn, bestCut, bestGain, total] = [-1, 0, -1, 0];
  const open: (readonly [node: number, from: number, to: number, varying: number])[] = [
    [0, 0, size, varying],
  ];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [node, from, to] = next;
    varying = next[3];
    bestColumn = -1;
    if (to - from >= minSplit) findSplit(from, to);
    if (bestColumn < 0) {
      let sum = 0;
      for (let i = from; i < to; i++) sum += targets[order[i]!]!;
      threshold[node] = sum / (to - from);
      continue;
    }
    let [left, right] = [from, 0];
    for (let i = from; i < to; i++) {
      const at = order[i]!;
      if (data[bestColumn * n + at]! <= bestCut) order[left++] = at;
      else spare[right++] = at;
    }
    for (let i = 0; i < right; i++) order[left + i] = spare[i]!;
    column[node] = bestColumn;
    threshold[node] = bestCut;
    child[node] = nodes;
    open.push([nodes, from, left, varying], [nodes + 1, left, to, varying]);
    nodes += 2;
  }
  return { column, threshold, child, unseen };

  /** The split of largest variance reduction among some random ones; none when no tried column varies. */
  function findSplit(from: number, to: number): void {
    bestGain = -1;
    total = 0;
    const rows = to - from;
    for (let i = 0; i < rows; i++) {
      const target = targets[order[from + i]!]!;
      aims[i] = target;
      total += target;
    }
    for (const j of always) tryColumn(j, from, rows);
    // Columns constant in this node do not count as tried; among few rows most are.
    for (let useful = 0; useful < tried && useful < varying; ) {
      const place = useful + random.int(varying - useful);
      const j = candidates[place]!;
      if (!tryColumn(j, from, rows)) {
        varying--;
        candidates[place] = candidates[varying]!;
        candidates[varying] = j;
        continue;
      }
      candidates[place] = candidates[useful]!;
      candidates[useful] = j;
      useful++;
    }
  }

  /** Whether the column varies in the node. */
  function tryColumn(j: number, from: number, rows: number): boolean {
    const offset = j * n;
    let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (let i = 0; i < rows; i++) {
      const value = data[offset + order[from + i]!]!;
      values[i] = value;
      if (value < low) low = value;
      if (value > high) high = value;
    }
    if (!(high > low)) return false;
    const cut = low + random.next() * (high - low);
    let [count, sum] = [0, 0];
    for (let i = 0; i < rows; i++)
      if (values[i]! <= cut) {
        count++;
        sum += aims[i]!;
      }
    const others = rows - count;
    if (count === 0 || others === 0) return true;
    const gain = sum ** 2 / count + (total - sum) ** 2 / others;
    if (gain > bestGain) [bestColumn, bestCut, bestGain] = [j, cut, gain];
    return true;
  }
}

export interface Prediction {
  readonly mean: Float64Array;
  readonly deviation: Float64Array;
}

/** Mean and standard deviation over the trees for rows of the matrix. */
export function predictForest({ trees }: Forest, features: FeatureMatrix, rows: Int32Array): Prediction {
  const sums = new Float64Array(rows.length);
  const squares = new Float64Array(rows.length);
  for (const tree of trees)
    spread(tree, features, rows, (places, from, to, leaf) => {
      for (let i = from; i < to; i++) {
        const at = places[i]!;
        sums[at] = sums[at]! + leaf;
        squares[at] = squares[at]! + leaf * leaf;
      }
    });
  const mean = sums.map((sum) => sum / trees.length);
  return {
    mean,
    deviation: squares.map((square, i) => Math.sqrt(Math.max(0, square / trees.length - mean[i]! ** 2))),
  };
}

/** By row fitted, the mean of the trees that did not see it; NaN where all did. */
export function outOfBag({ trees }: Forest, features: FeatureMatrix, rows: readonly number[]): Float64Array {
  const sums = new Float64Array(rows.length);
  const counts = new Int32Array(rows.length);
  const asked = Int32Array.from(rows);
  for (const tree of trees)
    spread(tree, features, asked, (places, from, to, leaf) => {
      for (let i = from; i < to; i++) {
        const at = places[i]!;
        if (tree.unseen[at] === 0) continue;
        sums[at] = sums[at]! + leaf;
        counts[at] = counts[at]! + 1;
      }
    });
  return sums.map((sum, i) => sum / counts[i]!);
}

/** All rows go down the tree together, so that a node reads one column of many rows; calls `arrive` for each leaf. */
function spread(
  { column, threshold, child }: Tree,
  { values, rows: all }: FeatureMatrix,
  rows: Int32Array,
  arrive: (places: Int32Array, from: number, to: number, leaf: number) => void,
): void {
  const places = Int32Array.from(rows.keys());
  const spare = new Int32Array(rows.length);
  const open = [0, 0, rows.length];
  while (open.length > 0) {
    const to = open.pop()!;
    const from = open.pop()!;
    const node = open.pop()!;
    const j = column[node]!;
    if (j < 0) {
      arrive(places, from, to, threshold[node]!);
      continue;
    }
    const offset = j * all;
    const cut = threshold[node]!;
    // Every row is written to both sides and counts on one: a branch that the processor cannot foresee costs more.
    let [left, right] = [from, 0];
    for (let i = from; i < to; i++) {
      const at = places[i]!;
      const below = values[offset + rows[at]!]! <= cut ? 1 : 0;
      places[left] = at;
      spare[right] = at;
      left += below;
      right += 1 - below;
    }
    for (let i = 0; i < right; i++) places[left + i] = spare[i]!;
    if (left > from) open.push(child[node]!, from, left);
    if (to > left) open.push(child[node]! + 1, left, to);
  }
}
