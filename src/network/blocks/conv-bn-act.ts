/** Convolution, batch norm, activation: the unit that inference engines fuse into one kernel. */
import type { NetworkBuilder } from '../builder.ts';
import type { ActivationName, Pair } from '../network.ts';

/** Of {@link convBnAct}; padding keeps the size (divided by the stride), groups and dilation are 1 by default. */
export interface ConvBnActOptions {
  readonly out: number;
  readonly kernel: number | Pair;
  readonly stride?: number | Pair;
  readonly groups?: number;
  readonly dilation?: number | Pair;
  /** Null for none. */
  readonly activation: ActivationName | null;
}

/** Convolution, batch norm and activation. @returns the id of the last of them */
export function convBnAct(b: NetworkBuilder, x: string, options: ConvBnActOptions): string {
  const { activation, ...conv } = options;
  const y = b.batchNorm(b.conv(x, conv));
  return activation === null ? y : b.activation(y, activation);
}
