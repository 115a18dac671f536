/**
 * The cells of DARTS (Liu et al. 2019) in the networks of NAS-Bench-301 (Zela et al. 2022): eight cells, of which the
 * third and the sixth are reductions; 10¹⁸ pairs of a normal and a reduction cell.
 */
import { fail } from '../../errors.ts';
import { classifierHead } from '../../network/blocks/classifier-head.ts';
import {
  DARTS_OPERATIONS,
  type DartsNode,
  type DartsOperation,
  dartsCell,
} from '../../network/blocks/darts-cell.ts';
import { networkBuilder } from '../../network/builder.ts';
import { oneOf, struct, subset, type ValueOf } from '../choice.ts';
import { defineSpace } from '../define-space.ts';
import type { SearchSpace, TableRule } from '../space.ts';
import { archIntegers } from './arch-integers.ts';
import { poolToWorkingSize, strideFor } from './downsampling.ts';

const operation = oneOf(DARTS_OPERATIONS);
/** A node's two inputs among those before it, and the operations on the lower and on the higher one. */
const node = <const I extends readonly number[]>(before: I) =>
  struct({ inputs: subset(before, { min: 2, max: 2 }), lower: operation, higher: operation });
const cell = struct({
  node2: node([0, 1]),
  node3: node([0, 1, 2]),
  node4: node([0, 1, 2, 3]),
  node5: node([0, 1, 2, 3, 4]),
});
const choices = struct({ normal: cell, reduction: cell });
type Cell = ValueOf<typeof cell>;
const NODES = ['node2', 'node3', 'node4', 'node5'] as const satisfies readonly (keyof Cell)[];

const nodesOf = (genome: Cell): DartsNode[] =>
  NODES.map((name) => {
    const { inputs, lower, higher } = genome[name];
    return { inputs, operations: [lower, higher] };
  });

const CELLS = 8;
const REDUCTIONS = [Math.floor(CELLS / 3), Math.floor((2 * CELLS) / 3)];
/** Of the stem, for each channel of the first cells' nodes. */
const STEM_MULTIPLIER = 3;

/** Numbers of a pair for each of two operations on each of four nodes. */
const NUMBERS = 2 * 2 * NODES.length;

function readCell(numbers: readonly number[], wrong: (reason: string) => never) {
  const fields = NODES.map((name, i) => {
    const [a, ofA, b, ofB] = numbers.slice(4 * i, 4 * i + 4) as [number, number, number, number];
    if (a === b || Math.max(a, b) > i + 1) wrong(`${name} cannot take ${a} and ${b}`);
    const called = (index: number): DartsOperation =>
      DARTS_OPERATIONS[index] ?? wrong(`${index} is no operation from 0 to 6`);
    const edges = [
      [a, called(ofA)],
      [b, called(ofB)],
    ] as const;
    const [low, high] = a < b ? edges : [edges[1], edges[0]];
    return [name, { inputs: [low[0], high[0]], lower: low[1], higher: high[1] }] as const;
  });
  return Object.fromEntries(fields);
}

const table: TableRule = {
  description:
    'The column arch holds the normal and the reduction cell in the compact form of NASLib: for each node two pairs of an input and an operation, [[(0,0),(1,5),…],[…]].',
  io: { inputShape: [3, 32, 32], outputs: 10 },
  genome: ({ arch }) => {
    if (arch === undefined) return null;
    const benchmark = 'NAS-Bench-301';
    const wrong = (reason: string): never => fail('ARCHITECTURE', { benchmark, text: arch, reason });
    const numbers = archIntegers(arch, benchmark);
    if (numbers.length !== 2 * NUMBERS)
      wrong(`it has ${numbers.length} numbers where there are ${2 * NUMBERS}`);
    return {
      normal: readCell(numbers.slice(0, NUMBERS), wrong),
      reduction: readCell(numbers.slice(NUMBERS), wrong),
    };
  },
};

/** The space with `channels` in the nodes of the first cells (the benchmark has 32), doubled by each reduction. */
export function nasBench301(options: { readonly channels?: number } = {}): SearchSpace {
  const { channels = 32 } = options;
  return defineSpace({
    name: 'nasbench301',
    description:
      'Pairs of a normal and a reduction cell of DARTS (Liu et al. 2019), stacked as in NAS-Bench-301 (Zela et al. 2022): eight cells, two of them reductions.',
    choices,
    table,
    build: ({ normal, reduction }, io) => {
      const b = networkBuilder(io.inputShape);
      const stem = b.scope('stem', () =>
        poolToWorkingSize(b, b.batchNorm(b.conv(b.input, { out: STEM_MULTIPLIER * channels, kernel: 3 }))),
      );
      let before: readonly [string, string] = [stem, stem];
      let out = channels;
      for (let i = 0; i < CELLS; i++) {
        const reduces = REDUCTIONS.includes(i);
        if (reduces) out *= 2;
        const stride = reduces ? strideFor(b, before[1]) : 1;
        const nodes = nodesOf(reduces ? reduction : normal);
        const next = b.scope(`cell${i}`, () => dartsCell(b, before, nodes, { out, stride }));
        before = [before[1], next];
      }
      return b.build([classifierHead(b, before[1], io.outputs)]);
    },
  });
}
