/** Squeeze-and-excitation (Hu et al. 2018), with the hard sigmoid of MobileNetV3 (Howard et al. 2019). */
import type { NetworkBuilder } from '../builder.ts';

/** Of {@link squeezeExcite}. */
interface SqueezeExciteOptions {
  /** Width of the bottleneck as a share of the channels, e.g. ¼; it is at least 4 wide. */
  readonly ratio: number;
}

/**
 * Scales each channel by a gate computed from all of them (Hu et al. 2018), with the hard sigmoid of MobileNetV3
 * (Howard et al. 2019).
 * @param x an image [channels, height, width]
 * @returns the id of its output, of the same shape
 * @throws SHAPE as `NetworkBuilder`
 */
export function squeezeExcite(b: NetworkBuilder, x: string, options: SqueezeExciteOptions): string {
  return b.scope('squeezeExcite', () => {
    const channels = b.channels(x);
    const squeezed = Math.max(4, Math.round(channels * options.ratio));
    const pooled = b.globalAveragePool(x);
    const reduced = b.activation(
      b.conv(pooled, { out: squeezed, kernel: 1, bias: true, id: 'reduce' }),
      'relu',
    );
    const gate = b.activation(
      b.conv(reduced, { out: channels, kernel: 1, bias: true, id: 'expand' }),
      'hardSigmoid',
    );
    return b.multiply(x, gate);
  });
}
