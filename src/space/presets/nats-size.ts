/**
 * The size space of NATS-Bench (Dong et al. 2021): one fixed cell, three of them with two reductions between, and a
 * width of 8 to 64 channels for each of the five: 32,768 networks.
 */
import { fail } from '../../errors.ts';
import { classifierHead } from '../../network/blocks/classifier-head.ts';
import { nasBench201Cell } from '../../network/blocks/nas-bench-201-cell.ts';
import { nasBench201Reduction } from '../../network/blocks/nas-bench-201-reduction.ts';
import { networkBuilder } from '../../network/builder.ts';
import { int, struct, type ValueOf } from '../choice.ts';
import { defineSpace } from '../define-space.ts';
import type { TableRule } from '../space.ts';
import { poolToWorkingSize, strideFor } from './downsampling.ts';

const STEP = 8;
const WIDEST = 64;
const width = int(STEP, WIDEST, { step: STEP });
const choices = struct({ cell0: width, reduction1: width, cell2: width, reduction3: width, cell4: width });
type Values = ValueOf<typeof choices>;
const LAYERS = ['cell0', 'reduction1', 'cell2', 'reduction3', 'cell4'] as const satisfies (keyof Values)[];

/**
 * |nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_3x3~1|nor_conv_3x3~2|, the benchmark's best
 * cell on CIFAR-100, with edges as the cell takes them.
 */
const CELL = [
  'nor_conv_3x3',
  'nor_conv_3x3',
  'nor_conv_3x3',
  'skip_connect',
  'nor_conv_3x3',
  'nor_conv_3x3',
] as const;

const table: TableRule = {
  description: 'The column arch holds the five widths, 64:32:16:64:8.',
  io: { inputShape: [3, 32, 32], outputs: 10 },
  genome: ({ arch }) => {
    if (arch === undefined) return null;
    const wrong = (reason: string): never =>
      fail('ARCHITECTURE', { benchmark: "NATS-Bench's size space", text: arch, reason });
    const widths = arch.trim().split(':').map(Number);
    if (widths.length !== LAYERS.length) wrong(`it has ${widths.length} widths where there are 5`);
    const bad = widths.find((w) => !(w >= STEP && w <= WIDEST && w % STEP === 0));
    if (bad !== undefined) wrong('a width is not one of 8, 16, … 64');
    return Object.fromEntries(LAYERS.map((layer, i) => [layer, widths[i]!]));
  },
};

/** See the head of this file. */
export const natsSize = defineSpace({
  name: 'nats-size',
  description:
    'The 32,768 networks of the size space of NATS-Bench (Dong et al. 2021): one cell, and a width for each of five layers.',
  choices,
  table,
  build: (widths, io) => {
    const b = networkBuilder(io.inputShape);
    let x = b.scope('stem', () =>
      poolToWorkingSize(b, b.batchNorm(b.conv(b.input, { out: widths.cell0, kernel: 3 }))),
    );
    for (const layer of LAYERS) {
      const out = widths[layer];
      x = b.scope(layer, () =>
        layer.startsWith('reduction')
          ? nasBench201Reduction(b, x, { out, stride: strideFor(b, x) })
          : nasBench201Cell(b, x, CELL, out),
      );
    }
    return b.build([classifierHead(b, b.activation(b.batchNorm(x), 'relu'), io.outputs)]);
  },
});
