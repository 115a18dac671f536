/**
 * RepVGG (Ding et al. 2021): stages of 3×3 blocks with parallel branches in training, one convolution each when deployed.
 * RepVGG-A0 and its like are scaled in width and depth, as here.
 */
import { classifierHead } from '../../network/blocks/classifier-head.ts';
import { repVgg } from '../../network/blocks/rep-vgg.ts';
import { networkBuilder } from '../../network/builder.ts';
import { int, oneOf, repeat, struct } from '../choice.ts';
import { defineSpace } from '../define-space.ts';
import { poolToWorkingSize, stemStride, strideFor } from './downsampling.ts';

/** The convolutions' kernels take 16 channels at a time. */
const STEP = 16;
const WIDEST = 512;
const activation = 'relu';

export const repVggNets = defineSpace({
  name: 'repvgg',
  description:
    'RepVGG networks: 3×3 blocks that train with parallel branches and are deployed as single convolutions (Ding et al. 2021).',
  choices: struct({
    width: oneOf([16, 32, 48]),
    /** Blocks at the stem's resolution. */
    depth: int(0, 2),
    stages: repeat(struct({ growth: oneOf([1, 1.5, 2, 2.5]), depth: int(1, 4) }), 2, 4),
  }),
  build: ({ width, depth, stages }, io) => {
    const b = networkBuilder(io.inputShape);
    const block = (x: string, out: number, stride: number): string =>
      repVgg(b, x, { out, stride, activation });
    let x = b.scope('stem', () => poolToWorkingSize(b, block(b.input, width, stemStride(b))));
    for (let j = 0; j < depth; j++) x = b.scope(`stage0.block${j}`, () => block(x, width, 1));
    let out: number = width;
    for (const [i, stage] of stages.entries()) {
      out = Math.min(WIDEST, STEP * Math.round((out * stage.growth) / STEP));
      for (let j = 0; j < stage.depth; j++)
        x = b.scope(`stage${i + 1}.block${j}`, () => block(x, out, j === 0 ? strideFor(b, x) : 1));
    }
    return b.build([classifierHead(b, x, io.outputs)]);
  },
});
