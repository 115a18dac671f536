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

/** See the head of this file. */
export const integer = defineSpace({
  name: 'integer',
  description:
    'Quantisation-friendly networks of QARepVGG, residual and plain ReLU blocks, for models that run in 8-bit integers (Chu et al. 2024, He et al. 2016).',
  choices: struct({
    width: oneOf([16, 32, 48]),
    /** Blocks at the stem's resolution. */
    depth: int(0, 3),
    stages: repeat(
      struct({
        growth: oneOf([1, 1.5, 2]),
        depth: int(1, 4),
        block: oneOf(['qaRepVgg', 'residual', 'plain']),
      }),
      2,
      4,
    ),
  }),
  build: ({ width, depth, stages }, io) => {
    const b = networkBuilder(io.inputShape);
    let x = b.scope('stem', () =>
      poolToWorkingSize(
        b,
        convBnAct(b, b.input, { out: width, kernel: 3, stride: stemStride(b), activation }),
      ),
    );
    let out: number = width;
    for (let j = 0; j < depth; j++)
      x = b.scope(`stage0.block${j}`, () => qaRepVgg(b, x, { out, stride: 1, activation }));
    for (const [i, stage] of stages.entries()) {
      out = Math.min(WIDEST, STEP * Math.round((out * stage.growth) / STEP));
      for (let j = 0; j < stage.depth; j++) {
        const stride = j === 0 ? strideFor(b, x) : 1;
        x = b.scope(`stage${i + 1}.block${j}`, () => BLOCKS[stage.block](b, x, { out, stride, activation }));
      }
    }
    return b.build([classifierHead(b, x, io.outputs)]);
  },
});
