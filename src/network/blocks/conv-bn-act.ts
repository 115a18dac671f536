/** Convolution, batch norm, activation: the unit that inference engines fuse into one kernel. */
import type { NetworkBuilder } from '../builder.ts';
import type { ActivationName, Pair } from '../network.ts';

export interface ConvBnActOptions {
  readonly out: number;
  readonly kernel: number | Pair;
  readonly stride?: number | Pair;
  readonly groups?: number;
  readonly dilation?: number | Pair;
  /** Null for none. */
  readonly activation: ActivationName | null;
}

export function convBnAct(b: NetworkBuilder, x: string, options: ConvBnActOptions): string {
  const { activation, ...conv } = options;
  const y = b.batchNorm(b.conv(x, conv));
  return activation === null ? y : b.activation(y, activation);
}
