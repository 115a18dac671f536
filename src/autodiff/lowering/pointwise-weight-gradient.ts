/**
 * The weight gradient of a 1×1 convolution of which the images are blocked: dW = Σ over images of dY·Xᵀ.
 *
 * Many pixels: one product for each image in NCHW order, then the sum over the images. Few pixels: the products would
 * be larger than what they are made of, so the images are put pixel by pixel and multiplied at once.
 */
import { ints } from '../../onnx/graph-builder.ts';
import { staticShape } from '../arithmetic.ts';
import { copied } from './blocked-kernel.ts';
import type { ConvolutionAttributes } from './convolution-attributes.ts';
import type { Layouts } from './layouts.ts';

/** X and dY → dW [O, C, 1, 1]; no padding. */
export function pointwiseWeightGradient(
  l: Layouts,
  x: string,
  dy: string,
  weightShape: readonly number[],
  a: ConvolutionAttributes,
): string {
  const { m } = l;
  const [n, out, height, width] = l.shape(dy) as [number, number, number, number];
  const channels = weightShape[1]!;
  const pixels = height * width;
  const strided = a.stride[0] !== 1 || a.stride[1] !== 1;
  if (pixels * (out + channels) >= out * channels || !l.canBlock(dy)) {
    const left = m.reshape(l.plain(dy), [n, out, pixels]);
    const input = strided ? l.unblocked(seen(l, x, dy, a), channels) : l.plain(x);
    const right = m.reshape(input, [n, channels, pixels]);
    return m.reshape(m.sum(m.matmulT(left, right, { b: true }), [0], false), weightShape);
  }
  const product = m.matmulT(
    pixelRows(l, l.blocked(dy)),
    pixelRows(l, strided ? seen(l, x, dy, a) : l.blocked(x)),
    { a: true },
  );
  const [rows, columns] = staticShape(m.g.shape(product)) as [number, number];
  const trimmed = rows === out ? product : m.slice(product, 0, 0, out);
  return m.reshape(columns === channels ? trimmed : m.slice(trimmed, 1, 0, channels), weightShape);
}

/** The pixels of X that a strided convolution sees, blocked. */
function seen(l: Layouts, x: string, dy: string, a: ConvolutionAttributes): string {
  const input = l.blocked(x);
  const [n, channels] = staticShape(l.m.g.shape(input)) as [number, number];
  const shape = [n, channels, ...l.shape(dy).slice(2)];
  return copied(l, input, shape, { strides: ints(a.stride) });
}

/** Blocked [N, C, H, W] → [N·H·W, C]. */
function pixelRows(l: Layouts, blocked: string): string {
  const { m, block } = l;
  const [n, channels, height, width] = staticShape(m.g.shape(blocked)) as [number, number, number, number];
  const split = m.reshape(blocked, [n, channels / block, height * width, block]);
  return m.reshape(m.transpose(split, [0, 2, 1, 3]), [n * height * width, channels]);
}
