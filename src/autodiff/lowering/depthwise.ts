/**
 * Sums of products of two blocked images, channel by channel, by the depthwise kernels.
 *
 * In memory a blocked batch [N, C/b, H, W, b] is one image of N·C channels, and it also is the depthwise kernel
 * [N·C, 1, H, W] of such an image. So one depthwise convolution of a batch with another as its kernel correlates them
 * image by image and channel by channel, with neither a copy nor a product stored; the sum over the images is small.
 */
import { int, ints } from '../../onnx/graph-builder.ts';
import { type Arithmetic, staticShape } from '../arithmetic.ts';
import type { ConvolutionAttributes } from './convolution-attributes.ts';
import { type Layouts, NCHWC_DOMAIN } from './layouts.ts';
import { sumOfRows } from './sum-of-rows.ts';

/** Blocked X [N,C,H,W] and K [N,C,H',W'] → [N·C, rows, columns] in blocked order: each channel of X correlated with K's. */
function correlate(
  m: Arithmetic,
  x: string,
  k: string,
  window: { readonly pads: readonly number[]; readonly dilation: readonly [number, number] },
): string {
  const [n, channels, height, width] = staticShape(m.g.shape(x)) as [number, number, number, number];
  const kernel = staticShape(m.g.shape(k)).slice(2);
  const places = [height, width].map(
    (size, i) => size + window.pads[i]! + window.pads[i + 2]! - window.dilation[i]! * (kernel[i]! - 1),
  );
  return m.g.node(
    'Conv',
    [m.reshape(x, [1, n * channels, height, width]), m.reshape(k, [n * channels, 1, ...kernel])],
    {
      domain: NCHWC_DOMAIN,
      attributes: {
        kernel_shape: ints(kernel),
        pads: ints(window.pads),
        dilations: ints(window.dilation),
        group: int(n * channels),
      },
      types: [{ dtype: 'float32', shape: [1, n * channels, ...places] }],
    },
  )[0]!;
}

/** factor · Σ over batch and pixels of a·b per channel [C], of blocked a and b of one shape. */
export function channelProducts(m: Arithmetic, a: string, b: string, factor = 1): string {
  const [n, channels] = staticShape(m.g.shape(a)) as [number, number];
  const products = correlate(m, a, b, { pads: [0, 0, 0, 0], dilation: [1, 1] });
  return sumOfRows(m, m.reshape(products, [n, channels]), factor);
}

/**
 * Weight gradient [C, 1, kh, kw] of a depthwise convolution: the images correlated with dY, of which the forward stride is
 * the dilation. Channels that fill up a block are cut away.
 */
export function depthwiseWeightGradient(
  l: Layouts,
  x: string,
  dy: string,
  weightShape: readonly number[],
  a: ConvolutionAttributes,
): string {
  const { m, block } = l;
  const [n, channels] = staticShape(m.g.shape(x)) as [number, number];
  const taps = correlate(m, x, dy, { pads: a.pads, dilation: a.stride });
  const [, , rows, columns] = staticShape(m.g.shape(taps)) as [number, number, number, number];
  let sum = m.sum(m.reshape(taps, [n, channels / block, rows, columns, block]), [0], false);
  const [kh, kw] = a.kernel;
  // What the stride's remainder adds is cut; a dilated kernel takes every dilation-th.
  if (rows !== kh || a.dilation[0] !== 1)
    sum = m.slice(sum, 1, 0, (kh - 1) * a.dilation[0] + 1, a.dilation[0]);
  if (columns !== kw || a.dilation[1] !== 1)
    sum = m.slice(sum, 2, 0, (kw - 1) * a.dilation[1] + 1, a.dilation[1]);
  const all = m.reshape(m.transpose(sum, [0, 3, 1, 2]), [channels, 1, kh, kw]);
  return channels === weightShape[0] ? all : m.slice(all, 0, 0, weightShape[0]!);
}
