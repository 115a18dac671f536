/**
 * The weight gradient of a 1×1 convolution of which the images are blocked: dW = Σ over images of dY·Xᵀ.
 *
 * Many pixels: one product for each image and block of X's channels, of which a pixel is a row as it lies there, then the
 * sum over the images; only dY is put in NCHW order. Few pixels: the products would be larger than what they are made of,
 * so the images are put pixel by pixel and multiplied at once.
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
  const input = strided ? seen(l, x, dy, a) : l.blocked(x);
  const blocks = l.filled(channels) / l.block;
  if (pixels * (out + channels) >= out * channels || !l.canBlock(dy)) {
    const left = m.reshape(l.plain(dy), [n, 1, out, pixels]);
    const right = m.reshape(input, [n, blocks, pixels, l.block]);
    const byBlock = m.sum(m.matmul(left, right), [0], false);
    const product = m.reshape(m.transpose(byBlock, [1, 0, 2]), [out, blocks * l.block]);
    return m.reshape(trimmed(l, product, [out, channels]), weightShape);
  }
  const product = m.matmulT(pixelRows(l, l.blocked(dy)), pixelRows(l, input), { a: true });
  return m.reshape(trimmed(l, product, [out, channels]), weightShape);
}

/** Without the rows and columns of channels that fill up blocks. */
function trimmed({ m }: Layouts, product: string, [rows, columns]: readonly [number, number]): string {
  const shape = staticShape(m.g.shape(product));
  const own = shape[0] === rows ? product : m.slice(product, 0, 0, rows);
  return shape[1] === columns ? own : m.slice(own, 1, 0, columns);
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
