/**
 * The NAS-Bench-101 cell (Ying et al. 2019): a directed acyclic graph with an operation on each inner vertex.
 *
 * What flows into an inner vertex is summed; what flows into the output is concatenated. The input is projected by a 1×1
 * convolution to the width of every vertex that it flows into, and added to the output's concatenation.
 */
import type { NetworkBuilder } from '../builder.ts';
import { convBnAct } from './conv-bn-act.ts';

export const NAS_BENCH_101_OPERATIONS = ['conv3x3-bn-relu', 'conv1x1-bn-relu', 'maxpool3x3'] as const;
export type NasBench101Operation = (typeof NAS_BENCH_101_OPERATIONS)[number];

/** Vertices are numbered in topological order: 0 is the input, the last one the output. */
export interface NasBench101Cell {
  /** Of the inner vertices, from vertex 1. */
  readonly operations: readonly NasBench101Operation[];
  /** For each vertex those that flow into it, in rising order. Every vertex must lie on a path from input to output. */
  readonly sources: readonly (readonly number[])[];
}

const convolution =
  (kernel: number) =>
  (b: NetworkBuilder, x: string, out: number): string =>
    convBnAct(b, x, { out, kernel, activation: 'relu' });

const OPERATIONS: {
  readonly [O in NasBench101Operation]: (b: NetworkBuilder, x: string, out: number) => string;
} = {
  'conv3x3-bn-relu': convolution(3),
  'conv1x1-bn-relu': convolution(1),
  maxpool3x3: (b, x) => b.maxPool(x, { kernel: 3, stride: 1, padding: [1, 1, 1, 1] }),
};

/** @param out channels of the cell's output */
export function nasBench101Cell(b: NetworkBuilder, x: string, cell: NasBench101Cell, out: number): string {
  const { operations, sources } = cell;
  const widths = vertexWidths(sources, out);
  const last = sources.length - 1;
  const project = (width: number): string => b.scope('projection', () => convolution(1)(b, x, width));
  const values = [x];
  for (let v = 1; v < last; v++) {
    const width = widths[v]!;
    const value = b.scope(`vertex${v}`, () => {
      const terms = sources[v]!.map((from) =>
        from === 0 ? project(width) : narrowed(b, values[from]!, width),
      );
      return OPERATIONS[operations[v - 1]!](b, terms.length === 1 ? terms[0]! : b.add(terms), width);
    });
    values.push(value);
  }
  return b.scope('output', () => {
    const ends = sources[last]!.filter((from) => from > 0).map((from) => values[from]!);
    const joined = ends.length > 1 ? [b.concat(ends)] : ends;
    const terms = sources[last]!.includes(0) ? [...joined, project(out)] : joined;
    return terms.length === 1 ? terms[0]! : b.add(terms);
  });
}

/** The first `width` channels. */
function narrowed(b: NetworkBuilder, x: string, width: number): string {
  const [channels, ...map] = b.shape(x);
  return channels === width ? x : b.slice(x, { size: [width, ...map] });
}

/**
 * Channels of each vertex: those that flow into the output share its channels, the first ones taking what the division
 * leaves over; any other is as wide as the widest that it flows into.
 */
function vertexWidths(sources: NasBench101Cell['sources'], out: number): number[] {
  const last = sources.length - 1;
  const ends = sources[last]!.filter((from) => from > 0);
  const widths = sources.map(() => 0);
  for (const [i, v] of ends.entries())
    widths[v] = Math.floor(out / ends.length) + (i < out % ends.length ? 1 : 0);
  for (let v = last - 1; v > 0; v--)
    if (!ends.includes(v))
      widths[v] = Math.max(...widths.filter((_, to) => to < last && sources[to]!.includes(v)));
  return widths;
}
