/**
 * The micro space of TransNAS-Bench-101 (Duan et al. 2021): four nodes, six edges, four operations: 4,096 cells, stacked
 * two a module in five modules, of which every other halves the map and doubles the channels.
 */
import { fail } from '../../errors.ts';
import { classifierHead } from '../../network/blocks/classifier-head.ts';
import { FOUR_NODE_EDGES } from '../../network/blocks/four-node-cell.ts';
import { reluConvBn } from '../../network/blocks/relu-conv-bn.ts';
import { TRANSNAS_OPERATIONS, transnasCell } from '../../network/blocks/transnas-cell.ts';
import { networkBuilder } from '../../network/builder.ts';
import { oneOf, type ValueOf } from '../choice.ts';
import { defineSpace } from '../define-space.ts';
import type { SearchSpace, TableRule } from '../space.ts';
import { archIntegers } from './arch-integers.ts';
import { fourNodeChoices } from './four-node-choices.ts';

const BENCHMARK = "TransNAS-Bench-101's micro space";
const MODULES = 5;
const CELLS = 2;

const choices = fourNodeChoices(oneOf(TRANSNAS_OPERATIONS));
type Values = ValueOf<typeof choices>;

const table: TableRule = {
  description:
    'The column arch holds the operations of the six edges 01, 02, 12, 03, 13, 23, each 0 (none), 1 (skip), 2 (1×1) or 3 (3×3): 64-41414-1_02_333, or (1,0,2,3,3,3).',
  // The networks of class_scene whose figures NAS-Bench-Suite-Zero (Krishnakumar et al. 2022) lists.
  io: { inputShape: [3, 256, 256], outputs: 63 },
  genome: ({ arch }) => {
    if (arch === undefined) return null;
    const wrong = (reason: string): never =>
      fail('ARCHITECTURE', { benchmark: BENCHMARK, text: arch, reason });
    const [, ...parts] = /^\s*64-41414-(\d)_(\d\d)_(\d\d\d)\s*$/.exec(arch) ?? [];
    const codes = parts.length > 0 ? [...parts.join('')].map(Number) : archIntegers(arch, BENCHMARK);
    if (codes.length !== FOUR_NODE_EDGES.length) wrong(`it has ${codes.length} operations where there are 6`);
    return Object.fromEntries(
      FOUR_NODE_EDGES.map((edge, i) => [
        edge,
        TRANSNAS_OPERATIONS[codes[i]!] ?? wrong(`${codes[i]} is no operation from 0 to 3`),
      ]),
    ) as Values;
  },
};

/**
 * The space with `channels` after the stem (the benchmark has 64). The strides are the benchmark's for every input; small
 * ones end at single pixels.
 */
export function transnasMicro(options: { readonly channels?: number } = {}): SearchSpace {
  const { channels = 64 } = options;
  return defineSpace({
    name: 'transnas-micro',
    description:
      'The 4,096 cells of the micro space of TransNAS-Bench-101 (Duan et al. 2021): four operations on six edges, ten cells in five modules.',
    choices,
    table,
    build: (cell, io) => {
      const b = networkBuilder(io.inputShape);
      const edges = FOUR_NODE_EDGES.map((edge) => cell[edge]);
      let out = channels;
      let x = b.scope('stem', () => {
        const conv = b.batchNorm(b.conv(b.input, { out: out / 2, kernel: 3, stride: 2 }));
        return reluConvBn(b, conv, { out, kernel: 3, stride: 2 });
      });
      for (let module = 0; module < MODULES; module++) {
        const halves = module % 2 === 0;
        if (halves) out *= 2;
        for (let i = 0; i < CELLS; i++)
          x = b.scope(`module${module}.cell${i}`, () =>
            transnasCell(b, x, edges, { out, stride: halves && i === 0 ? 2 : 1 }),
          );
      }
      return b.build([classifierHead(b, x, io.outputs)]);
    },
  });
}
