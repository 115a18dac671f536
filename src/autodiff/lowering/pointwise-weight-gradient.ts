/**
 * The weight gradient of a 1×1 convolution of which the images are blocked: dW = Σ over images of dY·Xᵀ.
 *
 * Many pixels: one product for each image and block of X's channels, of which a pixel is a row as it lies there, then the
 * sum over the images; only dY is put in NCHW order. Few pixels: the products would be larger than what they are made of,
 * so it is one folded convolution as for larger kernels.
 */
import { ints } from '../../onnx/graph-builder.ts';
import { staticShape } from '../arithmetic.ts';
import { copied } from './blocked-kernel.ts';
import { blockedWeightGradient } from './blocked-weight-gradient.ts';
import type { ConvolutionAttributes } from './convolution-attributes.ts';
import { fillsWell, type Layouts } from './layouts.ts';

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
  const hasFewPixels = pixels * (out + channels) < out * channels;
  if (hasFewPixels && l.canBlock(dy) && fillsWell(n, l.block))
    return blockedWeightGradient(l, x, dy, weightShape, a);
  const strided = a.stride[0] !== 1 || a.stride[1] !== 1;
  const input = strided ? seen(l, x, dy, a) : l.blocked(x);
  const filled = l.filled(channels);
  const left = m.reshape(l.plain(dy), [n, 1, out, pixels]);
  const right = m.reshape(input, [n, filled / l.block, pixels, l.block]);
  const byBlock = m.sum(m.matmul(left, right), [0], false);
  const product = m.reshape(m.transpose(byBlock, [1, 0, 2]), [out, filled]);
  return m.reshape(filled === channels ? product : m.slice(product, 1, 0, channels), weightShape);
}

/** The pixels of X that a strided convolution sees, blocked. */
function seen(l: Layouts, x: string, dy: string, a: ConvolutionAttributes): string {
  const input = l.blocked(x);
  const [n, channels] = staticShape(l.m.g.shape(input)) as [number, number];
  const shape = [n, channels, ...l.shape(dy).slice(2)];
  return copied(l, input, shape, { strides: ints(a.stride) });
}
