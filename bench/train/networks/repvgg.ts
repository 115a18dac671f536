/** RepVGG in its training form (Ding et al. 2021), narrow and short for 64×64: stages of 32 to 256 channels. */
import { classifierHead } from '../../../src/network/blocks/classifier-head.ts';
import { repVgg } from '../../../src/network/blocks/rep-vgg.ts';
import { networkBuilder } from '../../../src/network/builder.ts';
import type { BenchNetwork } from './bench-network.ts';

/** Channels and blocks of each stage; the first block halves the map. */
const STAGES = [
  [32, 1],
  [32, 2],
  [64, 4],
  [128, 4],
  [256, 1],
] as const;

export const repvgg: BenchNetwork = {
  name: 'repvgg',
  definition: 'repvgg',
  inputShape: [3, 64, 64],
  classes: 10,
  labels: 'input',
  batch: 64,
  build(inputShape, classes) {
    const b = networkBuilder(inputShape);
    let x = b.input;
    for (const [out, depth] of STAGES) {
      for (let i = 0; i < depth; i++) x = repVgg(b, x, { out, stride: i === 0 ? 2 : 1, activation: 'relu' });
    }
    return b.build([classifierHead(b, x, classes)]);
  },
};
