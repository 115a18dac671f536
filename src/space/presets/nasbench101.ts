/**
 * The cell space of NAS-Bench-101 (Ying et al. 2019): graphs of up to seven vertices and nine edges, whose five inner
 * vertices are one of three operations. The same cell is stacked three times in each of three stages.
 *
 * A genome names edges and operations freely. Vertices that do not lie between input and output are left out, and so
 * genomes outnumber cells (423,624) by far; genomes without a path from input to output cannot be built.
 */
import { fail } from '../../errors.ts';
import { classifierHead } from '../../network/blocks/classifier-head.ts';
import { convBnAct } from '../../network/blocks/conv-bn-act.ts';
import {
  NAS_BENCH_101_OPERATIONS,
  type NasBench101Cell,
  type NasBench101Operation,
  nasBench101Cell,
} from '../../network/blocks/nas-bench-101-cell.ts';
import { networkBuilder } from '../../network/builder.ts';
import { oneOf, struct, subset, type ValueOf } from '../choice.ts';
import { defineSpace } from '../define-space.ts';
import type { SearchSpace, TableRule } from '../space.ts';
import { archIntegers } from './arch-integers.ts';
import { poolToWorkingSize, strideFor } from './downsampling.ts';
import { checkStackSize } from './stack-size.ts';

const BENCHMARK = 'NAS-Bench-101';
const VERTICES = 7;
const OUTPUT = VERTICES - 1;
const MOST_EDGES = 9;
/** `13` is the edge from vertex 1 to vertex 3. */
const EDGES = [
  ...['01', '02', '03', '04', '05', '06', '12', '13', '14', '15', '16'],
  ...['23', '24', '25', '26', '34', '35', '36', '45', '46', '56'],
] as const;

const operation = oneOf(NAS_BENCH_101_OPERATIONS);
/** Vertex 0 is the input, vertex 6 the output. */
const choices = struct({
  edges: subset(EDGES, { min: 1, max: MOST_EDGES }),
  vertex1: operation,
  vertex2: operation,
  vertex3: operation,
  vertex4: operation,
  vertex5: operation,
});
type Values = ValueOf<typeof choices>;
const INNER = ['vertex1', 'vertex2', 'vertex3', 'vertex4', 'vertex5'] as const;

/** The cell without the vertices that do not lie between input and output; null when there is no path between them. */
function pruned({ operations, sources }: NasBench101Cell): NasBench101Cell | null {
  const last = sources.length - 1;
  const reached = new Set([0]);
  for (let v = 1; v <= last; v++) if (sources[v]!.some((from) => reached.has(from))) reached.add(v);
  if (!reached.has(last)) return null;
  const needed = new Set([last]);
  for (let v = last; v > 0; v--) if (needed.has(v)) for (const from of sources[v]!) needed.add(from);
  const kept = sources.map((_, v) => v).filter((v) => reached.has(v) && needed.has(v));
  return {
    operations: kept.slice(1, -1).map((v) => operations[v - 1]!),
    sources: kept.map((v) => sources[v]!.map((from) => kept.indexOf(from)).filter((from) => from >= 0)),
  };
}

const cellOf = (genome: Values): NasBench101Cell | null =>
  pruned({
    operations: INNER.map((vertex) => genome[vertex]),
    sources: Array.from({ length: VERTICES }, (_, to) =>
      genome.edges.filter((edge) => Number(edge[1]) === to).map((edge) => Number(edge[0])),
    ),
  });

/**
 * Equal for isomorphic cells: the smallest code of all orders of the vertices in which every edge goes upwards. Codes hold
 * operations as digits and edges as bits.
 */
function cellIdentity({ operations, sources }: NasBench101Cell): string {
  const last = sources.length - 1;
  const digits = operations.map((operation) => NAS_BENCH_101_OPERATIONS.indexOf(operation));
  const place = new Array<number>(last + 1).fill(-1);
  place[0] = 0;
  let smallest = Number.POSITIVE_INFINITY;
  const put = (next: number, code: number): void => {
    if (next > last) {
      smallest = Math.min(smallest, code);
      return;
    }
    for (let v = 1; v <= last; v++) {
      const ready =
        place[v]! < 0 && (v < last || next === last) && sources[v]!.every((from) => place[from]! >= 0);
      if (!ready) continue;
      const row = sources[v]!.reduce((bits, from) => bits + 2 ** place[from]!, 0);
      place[v] = next;
      put(next + 1, (code * NAS_BENCH_101_OPERATIONS.length + (digits[v - 1] ?? 0)) * 2 ** last + row);
      place[v] = -1;
    }
  };
  put(1, last);
  return String(smallest);
}

/** Inner vertices from vertex 1, the output at vertex 6; vertices between them have no edges and the first operation. */
function genomeOf({ operations, sources }: NasBench101Cell, wrong: (reason: string) => never): Values {
  const last = sources.length - 1;
  const present = new Set(
    sources.flatMap((all, to) => all.map((from) => `${from}${to === last ? OUTPUT : to}`)),
  );
  if (last >= VERTICES) wrong(`it has ${last + 1} vertices where there are at most ${VERTICES}`);
  if (present.size > MOST_EDGES) wrong(`it has ${present.size} edges where there are at most ${MOST_EDGES}`);
  const of = (vertex: number): NasBench101Operation => operations[vertex - 1] ?? NAS_BENCH_101_OPERATIONS[0];
  return {
    edges: EDGES.filter((edge) => present.has(edge)),
    vertex1: of(1),
    vertex2: of(2),
    vertex3: of(3),
    vertex4: of(4),
    vertex5: of(5),
  };
}

/** The operations by their digits in NASLib's tuples, whose 0 and 1 are the input and the output. */
const NASLIB_OPERATIONS = [null, null, 'maxpool3x3', 'conv1x1-bn-relu', 'conv3x3-bn-relu'] as const;

/** @param adjacent whether there is an edge `from` → `to`; @param digits operations of inner vertices */
function readCell(
  vertices: number,
  adjacent: (from: number, to: number) => boolean,
  digits: readonly number[],
  operations: readonly (NasBench101Operation | null)[],
  wrong: (reason: string) => never,
): Values {
  const below = Array.from({ length: vertices }, (_, v) => v);
  const cell = pruned({
    operations: digits.map(
      (digit) => operations[digit] ?? wrong(`${digit} is no operation of an inner vertex`),
    ),
    sources: below.map((to) => below.slice(0, to).filter((from) => adjacent(from, to))),
  });
  return genomeOf(cell ?? wrong('there is no path from its input to its output'), wrong);
}

const table: TableRule = {
  description:
    'The columns vertices, adj_upper (upper triangle of the adjacency matrix, row by row) and ops (0 conv3x3, 1 conv1x1, 2 maxpool3x3), or the column arch with the flat matrix and operations of NASLib, (0,1,…,1,0,4,2,3,3,2,1).',
  io: { inputShape: [3, 32, 32], outputs: 10 },
  genome: ({ arch, vertices, adj_upper: upper, ops }) => {
    if (arch !== undefined) {
      const wrong = refusing(arch);
      const digits = archIntegers(arch, BENCHMARK);
      const count = Math.round((Math.sqrt(4 * digits.length + 1) - 1) / 2);
      if (count * (count + 1) !== digits.length || count < 2)
        wrong(`${digits.length} numbers are no square matrix and a row of operations`);
      const inner = digits.slice(count * count + 1, -1);
      return readCell(count, (from, to) => digits[count * from + to] === 1, inner, NASLIB_OPERATIONS, wrong);
    }
    if (vertices === undefined || upper === undefined || ops === undefined) return null;
    const wrong = refusing(`${vertices},${upper},${ops}`);
    const count = Number(vertices);
    if (!(count >= 2 && upper.length === (count * (count - 1)) / 2 && ops.length === count - 2))
      wrong(`${upper.length} edges and ${ops.length} operations do not fit ${vertices} vertices`);
    /** Rows before `from` hold count − 1, count − 2, … entries. */
    const at = (from: number, to: number): number => from * count - (from * (from + 1)) / 2 + to - from - 1;
    const digits = [...ops].map(Number);
    return readCell(
      count,
      (from, to) => upper[at(from, to)] === '1',
      digits,
      NAS_BENCH_101_OPERATIONS,
      wrong,
    );
  },
};
const refusing =
  (text: string) =>
  (reason: string): never =>
    fail('ARCHITECTURE', { benchmark: BENCHMARK, text, reason });

/**
 * The space with `cells` cells a stage (the benchmark has 3) and `channels` in the stem (the benchmark has 128).
 * @throws USAGE when one is no whole number ≥ 1
 */
export function nasBench101(
  options: { readonly cells?: number; readonly channels?: number } = {},
): SearchSpace {
  const { cells = 3, channels = 128 } = options;
  checkStackSize('nasBench101', { cells, channels });
  return defineSpace({
    name: 'nasbench101',
    description:
      'The cells of NAS-Bench-101 (Ying et al. 2019): graphs of up to seven vertices and nine edges, stacked in three stages. Some genomes have no path from input to output; searches skip them.',
    choices,
    table,
    identity: (genome) => {
      const cell = cellOf(genome);
      return cell === null ? 'unconnected' : cellIdentity(cell);
    },
    build: (genome, io) => {
      const cell = cellOf(genome);
      if (cell === null) return fail('UNCONNECTED', { edges: genome.edges.join(', ') });
      const b = networkBuilder(io.inputShape);
      let x = b.scope('stem', () =>
        poolToWorkingSize(b, convBnAct(b, b.input, { out: channels, kernel: 3, activation: 'relu' })),
      );
      for (let stage = 0; stage < 3; stage++)
        x = b.scope(`stage${stage}`, () => {
          const stride = stage === 0 ? 1 : strideFor(b, x);
          let y = stride === 1 ? x : b.maxPool(x, { kernel: 2 });
          for (let i = 0; i < cells; i++)
            y = b.scope(`cell${i}`, () => nasBench101Cell(b, y, cell, channels * 2 ** stage));
          return y;
        });
      return b.build([classifierHead(b, x, io.outputs)]);
    },
  });
}
