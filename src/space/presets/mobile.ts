/**
 * Networks of inverted residual blocks for cheap inference: MobileNetV2 (Sandler et al. 2018), MobileNetV3 (Howard et al.
 * 2019), with the choices of each stage made for all its layers at once as in MnasNet (Tan et al. 2019).
 */

import { classifierHead } from '../../network/blocks/classifier-head.ts';
import { convBnAct } from '../../network/blocks/conv-bn-act.ts';
import { invertedResidual } from '../../network/blocks/inverted-residual.ts';
import { networkBuilder } from '../../network/builder.ts';
import { int, oneOf, optional, repeat, struct } from '../choice.ts';
import { defineSpace } from '../define-space.ts';
import { stemStride, strideFor } from './downsampling.ts';

/** Channels of the stem and of each stage at width 1, of which all but the first stage halve the map. */
const STEM_WIDTH = 16;
const STAGE_WIDTHS = [16, 24, 40, 80, 160];
/** The scaled input is at least this large. */
const SMALLEST_INPUT = 8;

const stage = struct({
  kernel: oneOf([3, 5, 7]),
  expansion: oneOf([1, 3, 6]),
  depth: int(1, 4),
  width: oneOf([0.75, 1, 1.25]),
  /** Ratio of the bottleneck. */
  squeezeExcite: optional(oneOf([0.25])),
});

/** A number of channels near `channels`, a multiple of 8 as in the MobileNets: full vector registers. */
const roundChannels = (channels: number): number => Math.max(8, 8 * Math.round(channels / 8));

/** See the head of this file. */
export const mobile = defineSpace({
  name: 'mobile',
  description:
    'Inverted residual blocks with kernel, expansion, depth, width and squeeze-excite for each stage, activation and input resolution (Sandler et al. 2018, Howard et al. 2019, Tan et al. 2019).',
  choices: struct({
    /** Side of the input as a share of the data's. */
    resolution: oneOf([0.5, 0.75, 1]),
    /** Of all layers. */
    width: oneOf([0.5, 0.75, 1, 1.5]),
    activation: oneOf(['relu', 'relu6', 'hardSwish', 'silu']),
    stages: repeat(stage, STAGE_WIDTHS.length, STAGE_WIDTHS.length),
    /** Channels before the classifier. */
    head: oneOf([128, 256, 512, 1024]),
  }),
  build: ({ resolution, width, activation, stages, head }, io) => {
    const b = networkBuilder(io.inputShape);
    const [, height, breadth] = io.inputShape;
    const scale = (side: number): number =>
      Math.max(Math.min(side, SMALLEST_INPUT), Math.round(side * resolution));
    const image =
      resolution === 1
        ? b.input
        : b.resize(b.input, { size: [scale(height), scale(breadth)], id: 'resolution' });
    const stem = roundChannels(STEM_WIDTH * width);
    let x = b.scope('stem', () =>
      convBnAct(b, image, { out: stem, kernel: 3, stride: stemStride(b), activation }),
    );
    for (const [i, { kernel, expansion, depth, width: ownWidth, squeezeExcite }] of stages.entries()) {
      const out = roundChannels(STAGE_WIDTHS[i]! * width * ownWidth);
      for (let j = 0; j < depth; j++) {
        const stride = i > 0 && j === 0 ? strideFor(b, x) : 1;
        const options = { out, kernel, stride, expansion, squeezeExcite, activation };
        x = b.scope(`stage${i}.block${j}`, () => invertedResidual(b, x, options));
      }
    }
    x = b.scope('head', () => convBnAct(b, x, { out: head, kernel: 1, activation }));
    return b.build([classifierHead(b, x, io.outputs)]);
  },
});
