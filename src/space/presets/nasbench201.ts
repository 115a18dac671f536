/**
 * The cell space of NAS-Bench-201 (Dong & Yang 2020): four nodes, six edges, five operations, 15,625 cells.
 *
 * Node 0 is the cell's input, node 3 its output; each node is the sum over all earlier nodes of an operation on them. The
 * same cell is stacked in three stages of 16, 32 and 64 channels with a strided residual block between them.
 */
import { fail } from '../../errors.ts';
import { classifierHead } from '../../network/blocks/classifier-head.ts';
import { FOUR_NODE_EDGES } from '../../network/blocks/four-node-cell.ts';
import {
  NAS_BENCH_201_OPERATIONS,
  type NasBench201Operation,
  nasBench201Cell,
} from '../../network/blocks/nas-bench-201-cell.ts';
import { nasBench201Reduction } from '../../network/blocks/nas-bench-201-reduction.ts';
import { networkBuilder } from '../../network/builder.ts';
import { oneOf, type ValueOf } from '../choice.ts';
import { defineSpace } from '../define-space.ts';
import type { SearchSpace, TableRule } from '../space.ts';
import { poolToWorkingSize, strideFor } from './downsampling.ts';
import { fourNodeChoices } from './four-node-choices.ts';
import { checkStackSize } from './stack-size.ts';

const choices = fourNodeChoices(oneOf(NAS_BENCH_201_OPERATIONS));
/** A genome of the space: an operation for each of the six edges. */
export type NasBench201Genome = ValueOf<typeof choices>;

/** By the node that they lead to. */
const EDGES = [['edge01'], ['edge02', 'edge12'], ['edge03', 'edge13', 'edge23']] as const;

/**
 * The benchmark's own text for a cell: `|nor_conv_3x3~0|+|none~0|skip_connect~1|+|…~0|…~1|…~2|` (Dong and Yang 2020).
 */
export function toArchString(genome: NasBench201Genome): string {
  return EDGES.map((edges) => `|${edges.map((edge, from) => `${genome[edge]}~${from}`).join('|')}|`).join(
    '+',
  );
}

/**
 * The reverse of {@link toArchString}.
 * @throws ARCH_STRING with what is wrong
 */
export function fromArchString(text: string): NasBench201Genome {
  const wrong = (reason: string): never => fail('ARCH_STRING', { text, reason });
  const nodes = text.trim().split('+');
  if (nodes.length !== EDGES.length) wrong(`it has ${nodes.length} nodes where there are 3`);
  const genome = EDGES.flatMap((edges, i) => {
    const node = nodes[i]!;
    const parts = node.split('|').slice(1, -1);
    if (!/^\|.*\|$/.test(node) || parts.length !== edges.length)
      wrong(`node ${i + 1}, "${node}", does not have ${edges.length} operations between bars`);
    return edges.map((edge, from) => {
      const [name, source] = parts[from]!.split('~');
      if (source !== String(from)) wrong(`"${parts[from]}" in node ${i + 1} does not come from node ${from}`);
      if (!NAS_BENCH_201_OPERATIONS.includes(name as NasBench201Operation))
        wrong(`"${name}" is not an operation`);
      return [edge, name as NasBench201Operation] as const;
    });
  });
  return Object.fromEntries(genome) as NasBench201Genome;
}

/** NASLib's order of operations and edges, as in the tables of NAS-Bench-Suite-Zero (Krishnakumar et al. 2022). */
const NASLIB_OPERATIONS = ['skip_connect', 'none', 'nor_conv_3x3', 'nor_conv_1x1', 'avg_pool_3x3'] as const;
const NASLIB_EDGES = ['edge01', 'edge02', 'edge03', 'edge12', 'edge13', 'edge23'] as const;

/** A cell as `(0,2,3,2,3,1)`: NASLib's operation indices. Throws ARCH_STRING with what is wrong. */
function fromOperationIndices(text: string): NasBench201Genome {
  const wrong = (reason: string): never => fail('ARCH_STRING', { text, reason });
  const indices = text.replace(/[()[\]\s]/g, '').split(',');
  if (indices.length !== NASLIB_EDGES.length) wrong(`it has ${indices.length} operations where there are 6`);
  const found = new Map(
    NASLIB_EDGES.map((edge, i) => [
      edge,
      NASLIB_OPERATIONS[/^\d$/.test(indices[i]!) ? Number(indices[i]) : -1] ??
        wrong(`"${indices[i]}" is no operation from 0 to 4`),
    ]),
  );
  // In the order of the choices, as every genome.
  return Object.fromEntries(FOUR_NODE_EDGES.map((edge) => [edge, found.get(edge)!])) as NasBench201Genome;
}

const table: TableRule = {
  description:
    'The column arch holds the cell, as |nor_conv_3x3~0|+|…|+|…| or as six operation indices of NASLib, (0,2,3,2,3,1).',
  io: { inputShape: [3, 32, 32], outputs: 10 },
  genome: ({ arch }) =>
    arch === undefined ? null : arch.includes('~') ? fromArchString(arch) : fromOperationIndices(arch),
};

/** Size of the networks around a cell. */
interface NasBench201Options {
  /** Cells in each of the three stages, a whole number ≥ 1; 5 by default, the benchmark's. */
  readonly cells?: number;
  /**
   * Channels in the first stage, a whole number ≥ 1, doubled in each of the other two; 16 by default, the
   * benchmark's.
   */
  readonly channels?: number;
}

/**
 * The cell space of NAS-Bench-201 (Dong and Yang 2020): four nodes, six edges, five operations, 15,625 cells, stacked
 * in three stages with a strided residual block between them.
 * @throws USAGE when a size is no whole number ≥ 1
 */
export function nasBench201(options: NasBench201Options = {}): SearchSpace {
  const { cells = 5, channels = 16 } = options;
  checkStackSize('nasBench201', { cells, channels });
  return defineSpace({
    name: 'nasbench201',
    description:
      'The 15,625 cells of NAS-Bench-201 (Dong & Yang 2020): five operations on six edges, stacked in three stages.',
    choices,
    table,
    build: (cell, io) => {
      const b = networkBuilder(io.inputShape);
      const edges = FOUR_NODE_EDGES.map((edge) => cell[edge]);
      let x = b.scope('stem', () => {
        const conv = b.conv(b.input, { out: channels, kernel: 3 });
        return poolToWorkingSize(b, b.batchNorm(conv));
      });
      for (let stage = 0; stage < 3; stage++)
        x = b.scope(`stage${stage}`, () => {
          const out = channels * 2 ** stage;
          let y = x;
          if (stage > 0)
            y = b.scope('reduction', () => nasBench201Reduction(b, y, { out, stride: strideFor(b, y) }));
          for (let i = 0; i < cells; i++) y = b.scope(`cell${i}`, () => nasBench201Cell(b, y, edges));
          return y;
        });
      x = b.activation(b.batchNorm(x), 'relu');
      return b.build([classifierHead(b, x, io.outputs)]);
    },
  });
}
