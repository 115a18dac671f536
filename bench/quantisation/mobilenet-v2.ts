/** A network like MobileNetV2 (Sandler et al. 2018), sized for small images, as a space of one point. */
import { defineSpace, oneOf, struct } from '../../src/index.ts';
import { mobile } from '../../src/space/presets/mobile.ts';

/** ReLU6, 3×3 depthwise convolutions, no squeeze-excite; expansions and depths grow as in the paper. */
const stage = (expansion: 1 | 6, depth: number) => ({
  kernel: 3,
  expansion,
  depth,
  width: 1,
  squeezeExcite: null,
});
const MOBILENET_V2 = {
  resolution: 1,
  width: 1,
  activation: 'relu6',
  stages: [stage(1, 1), stage(6, 2), stage(6, 3), stage(6, 3), stage(6, 2)],
  head: 512,
} as const;

export const space = defineSpace({
  name: 'mobilenet-v2',
  description: 'Like MobileNetV2 (Sandler et al. 2018), for small images.',
  choices: struct({ network: oneOf(['mobilenet-v2']) }),
  build: (_, io) => mobile.build(MOBILENET_V2, io),
});
