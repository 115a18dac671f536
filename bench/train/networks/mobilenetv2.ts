/** MobileNetV2 (Sandler et al. 2018); for small images the stem and the second stage keep the size. */
import { classifierHead } from '../../../src/network/blocks/classifier-head.ts';
import { convBnAct } from '../../../src/network/blocks/conv-bn-act.ts';
import { invertedResidual } from '../../../src/network/blocks/inverted-residual.ts';
import { networkBuilder } from '../../../src/network/builder.ts';
import type { BenchNetwork } from './bench-network.ts';

/** Expansion, channels, blocks, stride of the first block; `early` is 1 for small images. */
const stages = (early: number) =>
  [
    [1, 16, 1, 1],
    [6, 24, 2, early],
    [6, 32, 3, 2],
    [6, 64, 4, 2],
    [6, 96, 3, 1],
    [6, 160, 3, 2],
    [6, 320, 1, 1],
  ] as const;

const mobilenetv2 = (side: number, batch: number): BenchNetwork => ({
  name: `mobilenetv2-${side}`,
  definition: 'mobilenetv2',
  inputShape: [3, side, side],
  classes: 10,
  labels: 'input',
  batch,
  build(inputShape, classes) {
    const b = networkBuilder(inputShape);
    const early = side > 64 ? 2 : 1;
    let x = convBnAct(b, b.input, { out: 32, kernel: 3, stride: early, activation: 'relu6' });
    for (const [expansion, out, depth, first] of stages(early)) {
      for (let i = 0; i < depth; i++) {
        x = invertedResidual(b, x, {
          out,
          kernel: 3,
          stride: i === 0 ? first : 1,
          expansion,
          squeezeExcite: null,
          activation: 'relu6',
        });
      }
    }
    x = convBnAct(b, x, { out: 1280, kernel: 1, activation: 'relu6' });
    return b.build([classifierHead(b, x, classes)]);
  },
});

export const mobilenetv2At32 = mobilenetv2(32, 64);
export const mobilenetv2At96 = mobilenetv2(96, 32);
