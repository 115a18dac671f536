/** Global average pooling and a linear classifier. */
import type { NetworkBuilder } from '../builder.ts';

/** @returns logits [outputs] */
export function classifierHead(
  b: NetworkBuilder,
  x: string,
  outputs: number,
  options: { readonly dropout?: number } = {},
): string {
  return b.scope('head', () => {
    const features = b.flatten(b.globalAveragePool(x));
    const kept = options.dropout ? b.dropout(features, options.dropout) : features;
    return b.linear(kept, { out: outputs });
  });
}
