/** The kinds of networks that the training benchmark has, small enough for tests. */
import { classifierHead } from '../../network/blocks/classifier-head.ts';
import { convBnAct } from '../../network/blocks/conv-bn-act.ts';
import { invertedResidual } from '../../network/blocks/inverted-residual.ts';
import { nasBench201Cell } from '../../network/blocks/nas-bench-201-cell.ts';
import { repVgg } from '../../network/blocks/rep-vgg.ts';
import { residualBlock } from '../../network/blocks/residual-block.ts';
import { type NetworkBuilder, networkBuilder } from '../../network/builder.ts';
import type { Network } from '../../network/network.ts';

const CLASSES = 5;

function images(side: number, body: (b: NetworkBuilder) => string): Network {
  const b = networkBuilder([3, side, side]);
  return b.build([classifierHead(b, body(b), CLASSES)]);
}

/** A convolution with batch norm, then blocks in stages that halve the map. */
const stages = (
  b: NetworkBuilder,
  widths: readonly number[],
  depth: number,
  block: (x: string, out: number, stride: number) => string,
): string => {
  let x = convBnAct(b, b.input, { out: widths[0]!, kernel: 3, activation: 'relu' });
  widths.forEach((out, stage) => {
    for (let i = 0; i < depth; i++) x = block(x, out, i === 0 && stage > 0 ? 2 : 1);
  });
  return x;
};

export const STEP_NETWORKS: Readonly<Record<string, () => Network>> = {
  'ResNet-20': () =>
    images(8, (b) =>
      stages(b, [16, 16, 32], 3, (x, out, stride) =>
        residualBlock(b, x, { out, kernel: 3, stride, activation: 'relu' }),
      ),
    ),
  'NAS-Bench-201 cells': () =>
    images(8, (b) =>
      stages(b, [16, 32], 2, (x, out, stride) => {
        const y = stride === 1 ? x : residualBlock(b, x, { out, kernel: 3, stride, activation: 'relu' });
        return nasBench201Cell(b, y, [
          'nor_conv_3x3',
          'none',
          'nor_conv_1x1',
          'skip_connect',
          'avg_pool_3x3',
          'nor_conv_3x3',
        ]);
      }),
    ),
  MobileNetV2: () =>
    images(8, (b) =>
      stages(b, [8, 16], 2, (x, out, stride) =>
        invertedResidual(b, x, {
          out,
          kernel: 3,
          stride,
          expansion: 4,
          squeezeExcite: null,
          activation: 'relu6',
        }),
      ),
    ),
  RepVGG: () =>
    images(8, (b) =>
      stages(b, [16, 32], 2, (x, out, stride) => repVgg(b, x, { out, stride, activation: 'relu' })),
    ),
  MLP: () => {
    const b = networkBuilder([24]);
    let x = b.input;
    for (let i = 0; i < 2; i++) x = b.activation(b.linear(x, { out: 48 }), 'relu');
    return b.build([b.linear(x, { out: CLASSES })]);
  },
};
