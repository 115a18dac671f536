/** Sums over the images of a batch of what is one number for each image and channel. */
import { float32 } from '../../onnx/graph-builder.ts';
import { type Arithmetic, staticShape } from '../arithmetic.ts';

/**
 * [N, C, 1…] → factor · Σ over N, [C]: a product with a constant vector, which takes
 * a few microseconds where ONNX Runtime's reductions take 15 to 35.
 */
export function sumOfRows(m: Arithmetic, value: string, factor = 1): string {
  const [n, channels] = staticShape(m.g.shape(value)) as [number, number];
  const weights = m.g.constant(float32(new Float32Array(n).fill(factor), [n]));
  return m.matmul(weights, m.reshape(value, [n, channels]));
}
