/** What stands between the stages of NAS-Bench-201 (Dong & Yang 2020): a residual block that halves the map. */
import type { NetworkBuilder } from '../builder.ts';

/**
 * Two times ReLU, 3×3 convolution, batch norm; the shortcut is a 2×2 average pool and a 1×1 convolution without batch
 * norm, and nothing follows the sum. With stride 1, on maps too small to be halved, the shortcut is not pooled.
 */
export function nasBench201Reduction(
  b: NetworkBuilder,
  x: string,
  { out, stride }: { readonly out: number; readonly stride: 1 | 2 },
): string {
  const reluConvBn = (from: string, step: 1 | 2): string =>
    b.batchNorm(b.conv(b.activation(from, 'relu'), { out, kernel: 3, stride: step }));
  const first = b.scope('conv1', () => reluConvBn(x, stride));
  const second = b.scope('conv2', () => reluConvBn(first, 1));
  const shortcut = b.scope('shortcut', () => b.conv(stride === 1 ? x : halved(b, x), { out, kernel: 1 }));
  return b.add([second, shortcut]);
}

/** The benchmark's maps are even; of odd ones the last row and column are averaged alone, as the strided convolution sees them. */
function halved(b: NetworkBuilder, x: string): string {
  const [, height, width] = b.shape(x);
  return b.averagePool(x, { kernel: 2, padding: [0, 0, height! % 2, width! % 2] });
}
