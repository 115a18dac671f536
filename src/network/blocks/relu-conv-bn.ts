/** ReLU, convolution, batch norm, in that order: the layer of cell spaces, whose sums are not activated. */
import type { NetworkBuilder } from '../builder.ts';

interface ReluConvBnOptions {
  readonly out: number;
  readonly kernel: number;
  readonly stride?: number;
}

export function reluConvBn(b: NetworkBuilder, x: string, options: ReluConvBnOptions): string {
  return b.batchNorm(b.conv(b.activation(x, 'relu'), options));
}
