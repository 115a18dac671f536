/** The kinds of networks that the training benchmark has, small enough for tests. */
import { classifierHead } from '../../network/blocks/classifier-head.ts';
import { convBnAct } from '../../network/blocks/conv-bn-act.ts';
import { invertedResidual } from '../../network/blocks/inverted-residual.ts';
import { nasBench201Cell } from '../../network/blocks/nas-bench-201-cell.ts';
import { repVgg } from '../../network/blocks/rep-vgg.ts';
import { residualBlock } from '../../network/blocks/residual-block.ts';
import { type NetworkBuilder, networkBuilder } from '../../network/builder.ts';
import type { Network, Pair } from '../../network/network.ts';

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
  stem = 1,
): string => {
  let x = convBnAct(b, b.input, { out: widths[0]!, kernel: 3, stride: stem, activation: 'relu' });
  widths.forEach((out, stage) => {
    for (let i = 0; i < depth; i++) x = block(x, out, i === 0 && stage > 0 ? 2 : 1);
  });
  return x;
};

const cells = (edges: Parameters<typeof nasBench201Cell>[2]): Network =>
  images(8, (b) =>
    stages(b, [16, 32], 2, (x, out, stride) => {
      const y = stride === 1 ? x : residualBlock(b, x, { out, kernel: 3, stride, activation: 'relu' });
      return nasBench201Cell(b, y, edges);
    }),
  );

const mobileNet = (side: number, stem: number, widths: readonly number[]): Network =>
  images(side, (b) =>
    stages(
      b,
      widths,
      2,
      (x, out, stride) =>
        invertedResidual(b, x, {
          out,
          kernel: 3,
          stride,
          expansion: 4,
          squeezeExcite: null,
          activation: 'relu6',
        }),
      stem,
    ),
  );

export const STEP_NETWORKS: Readonly<Record<string, () => Network>> = {
  'ResNet-20': () =>
    images(8, (b) =>
      stages(b, [16, 16, 32], 3, (x, out, stride) =>
        residualBlock(b, x, { out, kernel: 3, stride, activation: 'relu' }),
      ),
    ),
  // The cell of the benchmark, and one with the other operations.
  'NAS-Bench-201': () =>
    cells(['nor_conv_3x3', 'nor_conv_3x3', 'nor_conv_3x3', 'skip_connect', 'nor_conv_3x3', 'nor_conv_1x1']),
  'NAS-Bench-201 with pools': () =>
    cells(['nor_conv_3x3', 'none', 'nor_conv_1x1', 'skip_connect', 'avg_pool_3x3', 'nor_conv_3x3']),
  MobileNetV2: () => mobileNet(8, 1, [8, 16]),
  'MobileNetV2 with a strided stem': () => mobileNet(16, 2, [16, 24, 32]),
  'U-Net': () => {
    const b = networkBuilder([3, 16, 16]);
    const double = (x: string, out: number): string => {
      const options = { out, kernel: 3, activation: 'relu' } as const;
      return convBnAct(b, convBnAct(b, x, options), options);
    };
    const skips: string[] = [];
    let x = b.input;
    for (const width of [16, 24]) {
      x = double(x, width);
      skips.push(x);
      x = b.maxPool(x, { kernel: 2 });
    }
    x = double(x, 32);
    for (const width of [24, 16]) {
      const skip = skips.pop()!;
      const up = b.resize(x, { size: b.shape(skip).slice(1) as unknown as Pair, mode: 'nearest' });
      x = double(b.concat([up, skip]), width);
    }
    return b.build([b.conv(x, { out: 2, kernel: 1, bias: true })]);
  },
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
