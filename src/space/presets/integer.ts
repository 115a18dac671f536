/**
 * Networks that bear 8-bit integers: ReLU only, which a range takes over for nothing, products wide enough to fill the
 * integer kernels, and blocks whose merged weights have no outliers (QARepVGG, Chu et al. 2024). No depthwise layers and
 * no gates: their integer kernels gain little over float (see docs/quantisation.md).
 */
import { classifierHead } from '../../network/blocks/classifier-head.ts';
import { convBnAct } from '../../network/blocks/conv-bn-act.ts';
import { qaRepVgg } from '../../network/blocks/qa-rep-vgg.ts';
import { residualBlock } from '../../network/blocks/residual-block.ts';
import { networkBuilder } from '../../network/builder.ts';
import type { Network, NetworkIO } from '../../network/network.ts';
import { int, oneOf, repeat, struct } from '../choice.ts';
import { defineSpace } from '../define-space.ts';
import { poolToWorkingSize, stemStride, strideFor } from './downsampling.ts';

/** Integer kernels take 16 channels at a time, and those of the input four at a time. */
const STEP = 16;
const WIDEST = 512;
const activation = 'relu';

const BLOCKS = {
  qaRepVgg,
  residual: (b, x, options) => residualBlock(b, x, { ...options, kernel: 3 }),
  plain: (b, x, options) => convBnAct(b, x, { ...options, kernel: 3 }),
} satisfies Record<string, typeof qaRepVgg>;

const stage = {
  growth: oneOf([1, 1.5, 2]),
  depth: int(1, 4),
  block: oneOf(['qaRepVgg', 'residual', 'plain']),
};
const stem = {
  width: oneOf([16, 32, 48]),
  /** Blocks at the stem's resolution. */
  depth: int(0, 3),
};

interface Choices {
  readonly width: number;
  readonly depth: number;
  readonly stages: readonly {
    readonly growth: number;
    readonly depth: number;
    readonly block: keyof typeof BLOCKS;
    readonly precision?: 'int8' | 'float';
  }[];
}

function build({ width, depth, stages }: Choices, io: NetworkIO): Network {
  const b = networkBuilder(io.inputShape);
  let x = b.scope('stem', () =>
    poolToWorkingSize(b, convBnAct(b, b.input, { out: width, kernel: 3, stride: stemStride(b), activation })),
  );
  let out = width;
  for (let j = 0; j < depth; j++)
    x = b.scope(`stage0.block${j}`, () => qaRepVgg(b, x, { out, stride: 1, activation }));
  for (const [i, { growth, depth, block, precision }] of stages.entries()) {
    out = Math.min(WIDEST, STEP * Math.round((out * growth) / STEP));
    const blocks = (): void => {
      for (let j = 0; j < depth; j++) {
        const stride = j === 0 ? strideFor(b, x) : 1;
        x = b.scope(`block${j}`, () => BLOCKS[block](b, x, { out, stride, activation }));
      }
    };
    b.scope(`stage${i + 1}`, blocks, { float: precision === 'float' });
  }
  return b.build([classifierHead(b, x, io.outputs)]);
}

/** See the head of this file. */
export const integer = defineSpace({
  name: 'integer',
  description:
    'Quantisation-friendly networks of QARepVGG, residual and plain ReLU blocks, for models that run in 8-bit integers (Chu et al. 2024, He et al. 2016).',
  choices: struct({ ...stem, stages: repeat(struct(stage), 2, 4) }),
  build,
});

/** The same networks, where each stage may also stay in float: for searches with `--int8`. */
export const mixedPrecision = defineSpace({
  name: 'mixed-precision',
  description:
    'The networks of `integer`, each stage in 8-bit integers or in float: for searches with --int8 (mixed precision by choice: HAQ, Wang et al. 2019).',
  choices: struct({
    ...stem,
    stages: repeat(struct({ ...stage, precision: oneOf(['int8', 'float']) }), 2, 4),
  }),
  build,
});
