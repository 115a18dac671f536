/** Convolution, batch norm, activation: the unit that inference engines fuse into one kernel. */
import type { NetworkBuilder } from '../builder.ts';
import type { ActivationName, Pair } from '../network.ts';

/** Of {@link convBnAct}. Padding keeps the size (divided by the stride). */
export interface ConvBnActOptions {
  /** Output channels. */
  readonly out: number;
  /** Size of the window in pixels. */
  readonly kernel: number | Pair;
  /** Step of the window; 1 by default. */
  readonly stride?: number | Pair;
  /** Parts of the channels that are convolved apart; 1 by default. */
  readonly groups?: number;
  /** Distance of the window's taps; 1 by default. */
  readonly dilation?: number | Pair;
  /** Null for none. */
  readonly activation: ActivationName | null;
}

/**
 * Convolution without bias, batch norm and activation: the unit that inference engines fuse into one kernel.
 * @returns the id of the last of them
 * @throws SHAPE as `NetworkBuilder`
 */
export function convBnAct(b: NetworkBuilder, x: string, options: ConvBnActOptions): string {
  const { activation, ...conv } = options;
  const y = b.batchNorm(b.conv(x, conv));
  return activation === null ? y : b.activation(y, activation);
}
