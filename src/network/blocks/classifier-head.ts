/** Global average pooling and a linear classifier. */
import type { NetworkBuilder } from '../builder.ts';

/** Of {@link classifierHead}. */
interface ClassifierHeadOptions {
  /** Rate of the dropout of the pooled features, from 0 to below 1; 0 by default. */
  readonly dropout?: number;
}

/**
 * Global average pooling and a linear classifier with bias.
 * @param x an image [channels, height, width]
 * @returns the id of the logits [outputs]
 * @throws SHAPE as `NetworkBuilder`
 */
export function classifierHead(
  b: NetworkBuilder,
  x: string,
  outputs: number,
  options: ClassifierHeadOptions = {},
): string {
  return b.scope('head', () => {
    const features = b.flatten(b.globalAveragePool(x));
    const kept = options.dropout ? b.dropout(features, options.dropout) : features;
    return b.linear(kept, { out: outputs });
  });
}
