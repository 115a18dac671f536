/** ResNet-20 for small images (He et al. 2016), shortcuts projected: 41 M multiply-adds at 32×32. */
import { classifierHead } from '../../../src/network/blocks/classifier-head.ts';
import { convBnAct } from '../../../src/network/blocks/conv-bn-act.ts';
import { residualBlock } from '../../../src/network/blocks/residual-block.ts';
import { networkBuilder } from '../../../src/network/builder.ts';
import type { BenchNetwork } from './bench-network.ts';

export const resnet20: BenchNetwork = {
  name: 'resnet20',
  definition: 'resnet20',
  inputShape: [3, 32, 32],
  classes: 10,
  labels: 'input',
  batch: 128,
  build(inputShape, classes) {
    const b = networkBuilder(inputShape);
    let x = convBnAct(b, b.input, { out: 16, kernel: 3, activation: 'relu' });
    for (const out of [16, 32, 64]) {
      for (let i = 0; i < 3; i++) {
        const stride = i === 0 && out > 16 ? 2 : 1;
        x = residualBlock(b, x, { out, kernel: 3, stride, activation: 'relu' });
      }
    }
    return b.build([classifierHead(b, x, classes)]);
  },
};
