/**
 * A U-Net (Ronneberger et al. 2015) with padded, normalised convolutions: max-pooling down, nearest-neighbour resizing
 * up, skips by concatenation; two classes for each pixel.
 */
import { convBnAct } from '../../../src/network/blocks/conv-bn-act.ts';
import { type NetworkBuilder, networkBuilder } from '../../../src/network/builder.ts';
import type { Pair } from '../../../src/network/network.ts';
import type { BenchNetwork } from './bench-network.ts';

const WIDTHS = [16, 32, 64];
const BOTTOM = 128;

function doubleConv(b: NetworkBuilder, x: string, out: number): string {
  const options = { out, kernel: 3, activation: 'relu' } as const;
  return convBnAct(b, convBnAct(b, x, options), options);
}

export const unet: BenchNetwork = {
  name: 'unet',
  definition: 'unet',
  inputShape: [3, 64, 64],
  classes: 2,
  labels: 'pixel',
  batch: 32,
  build(inputShape, classes) {
    const b = networkBuilder(inputShape);
    const skips: string[] = [];
    let x = b.input;
    for (const width of WIDTHS) {
      x = doubleConv(b, x, width);
      skips.push(x);
      x = b.maxPool(x, { kernel: 2 });
    }
    x = doubleConv(b, x, BOTTOM);
    for (const width of WIDTHS.toReversed()) {
      const skip = skips.pop()!;
      const up = b.resize(x, { size: b.shape(skip).slice(1) as unknown as Pair, mode: 'nearest' });
      x = doubleConv(b, b.concat([up, skip]), width);
    }
    return b.build([b.conv(x, { out: classes, kernel: 1, bias: true })]);
  },
};
