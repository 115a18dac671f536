/**
 * The weight gradient of a convolution as one folded, dilated convolution.
 *
 * With the images channels-innermost as [1, N, H, W·C] and dY, axes swapped, as kernel [O, N, H', W'], a convolution
 * with dilations [s, s·C] puts the sum over the batch inside the product:
 *
 *   out[o, i, j·C + c] = Σ_{n,h,w} X[n, c, i + h·s − p, j + w·s − p] · dY[n, o, h, w] = dW[o, c, i, j]
 *
 * and its im2col copies run over long contiguous spans. It is two to four times as fast as im2col with a batched
 * product. Groups become the groups of the folded convolution; narrow ones (depthwise) are merged so that a block of
 * `MERGED_CHANNELS` is computed in full, of which the diagonal is kept.
 */
import { float32, int, ints } from '../../onnx/graph-builder.ts';
import { type Arithmetic, staticShape } from '../arithmetic.ts';
import type { ConvolutionAttributes } from './convolution-attributes.ts';

const MERGED_CHANNELS = 16;

/** X [N,C,H,W], dY [N,O,H',W'] → dW [O, C/group, kh, kw]. */
export function foldedWeightGradient(
  m: Arithmetic,
  x: string,
  dy: string,
  weightShape: readonly number[],
  a: ConvolutionAttributes,
): string {
  const [n, channels, height, width] = staticShape(m.g.shape(x)) as [number, number, number, number];
  const [, out, outHeight, outWidth] = staticShape(m.g.shape(dy)) as [number, number, number, number];
  const [kh, kw] = a.kernel;
  if (kh === 1 && kw === 1 && a.group === 1 && a.pads.every((p) => p === 0)) {
    return pointwise(m, x, dy, weightShape, a);
  }
  const merge = mergedGroups(channels / a.group, a.group);
  const groups = a.group / merge;
  const wide = channels / groups;

  const innermost = m.transpose(m.reshape(x, [n, groups, wide, height, width]), [1, 0, 3, 4, 2]);
  const images = m.reshape(innermost, [1, groups * n, height, width * wide]);
  const kernel = m.transpose(dy, [1, 0, 2, 3]);
  const [ph, pw, phEnd, pwEnd] = a.pads;
  const full = m.g.op('Conv', [images, kernel], {
    kernel_shape: ints([outHeight, outWidth]),
    dilations: ints([a.stride[0], a.stride[1] * wide]),
    pads: ints([ph, pw * wide, phEnd, pwEnd * wide]),
    group: int(groups),
  });
  // Rows and columns that the stride's remainder adds are cut; a dilated kernel takes every dilation-th.
  let [, , rows, columns] = staticShape(m.g.shape(full)) as [number, number, number, number];
  columns /= wide;
  let taps = m.reshape(full, [out, rows, columns, wide]);
  if (rows !== kh || a.dilation[0] !== 1)
    taps = m.slice(taps, 1, 0, (kh - 1) * a.dilation[0] + 1, a.dilation[0]);
  if (columns !== kw || a.dilation[1] !== 1)
    taps = m.slice(taps, 2, 0, (kw - 1) * a.dilation[1] + 1, a.dilation[1]);
  if (merge === 1) return m.transpose(taps, [0, 3, 1, 2]);

  // Within a merged block only the products of a group with itself are gradients.
  const perGroup = channels / a.group;
  const outPerGroup = out / a.group;
  const blocks = m.reshape(taps, [groups, merge, outPerGroup, kh * kw, merge, perGroup]);
  const diagonal = new Float32Array(merge * merge);
  for (let i = 0; i < merge; i++) diagonal[i * merge + i] = 1;
  const kept = m.sum(m.mul(blocks, m.g.constant(float32(diagonal, [1, merge, 1, 1, merge, 1]))), [4], false);
  const weights = m.reshape(kept, [out, kh, kw, perGroup]);
  return m.transpose(weights, [0, 3, 1, 2]);
}

/** How many groups to compute together: a divisor of their number that makes blocks of at most MERGED_CHANNELS. */
function mergedGroups(channelsPerGroup: number, groups: number): number {
  let merge = 1;
  for (let i = 2; i <= groups && i * channelsPerGroup <= MERGED_CHANNELS; i++)
    if (groups % i === 0) merge = i;
  return merge;
}

/** 1×1: one matrix product over all pixels of the batch. */
function pointwise(
  m: Arithmetic,
  x: string,
  dy: string,
  weightShape: readonly number[],
  a: ConvolutionAttributes,
): string {
  let input = x;
  const [n, out, outHeight, outWidth] = staticShape(m.g.shape(dy)) as [number, number, number, number];
  if (a.stride[0] !== 1) input = m.slice(input, 2, 0, (outHeight - 1) * a.stride[0] + 1, a.stride[0]);
  if (a.stride[1] !== 1) input = m.slice(input, 3, 0, (outWidth - 1) * a.stride[1] + 1, a.stride[1]);
  const pixels = n * outHeight * outWidth;
  const channels = weightShape[1]!;
  const left = m.reshape(m.transpose(dy, [1, 0, 2, 3]), [out, pixels]);
  const right = m.reshape(m.transpose(input, [0, 2, 3, 1]), [pixels, channels]);
  return m.reshape(m.matmul(left, right), weightShape);
}
