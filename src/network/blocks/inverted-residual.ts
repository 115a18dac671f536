/** Inverted residual with linear bottleneck (Sandler et al. 2018). */
import type { NetworkBuilder } from '../builder.ts';
import type { ActivationName } from '../network.ts';
import { convBnAct } from './conv-bn-act.ts';
import { squeezeExcite } from './squeeze-excite.ts';

/** Of {@link invertedResidual}. */
export interface InvertedResidualOptions {
  /** Output channels. */
  readonly out: number;
  /** Side of the depthwise window in pixels. */
  readonly kernel: number;
  /** Of the depthwise convolution. */
  readonly stride: number;
  /**
   * Width inside, as a multiple of the input channels, rounded to a whole number; with 1 there is no convolution that
   * widens.
   */
  readonly expansion: number;
  /** Ratio of the squeeze-excite bottleneck to the width inside, > 0; null for none. */
  readonly squeezeExcite: number | null;
  /** After the first two convolutions; the last has none. */
  readonly activation: ActivationName;
}

/**
 * Widen by a pointwise convolution, filter each channel, narrow without activation, and add the input where shapes
 * agree (MobileNetV2, Sandler et al. 2018; squeeze-excite as in MobileNetV3, Howard et al. 2019).
 * @returns the id of its output
 * @throws SHAPE as `NetworkBuilder`
 */
export function invertedResidual(b: NetworkBuilder, x: string, options: InvertedResidualOptions): string {
  const { out, kernel, stride, expansion, activation } = options;
  const channels = b.channels(x);
  const wide = Math.round(channels * expansion);
  let y =
    expansion === 1 ? x : b.scope('expand', () => convBnAct(b, x, { out: wide, kernel: 1, activation }));
  y = b.scope('depthwise', () => convBnAct(b, y, { out: wide, kernel, stride, groups: wide, activation }));
  if (options.squeezeExcite !== null) y = squeezeExcite(b, y, { ratio: options.squeezeExcite });
  y = b.scope('project', () => convBnAct(b, y, { out, kernel: 1, activation: null }));
  return stride === 1 && out === channels ? b.add([y, x]) : y;
}
