/**
 * The folded weight gradient (weight-gradient.ts) on blocked images: a block of channels is innermost already, so each
 * block is one batch entry of the folded convolution, and only whole blocks are moved.
 */
import { ints } from '../../onnx/graph-builder.ts';
import { staticShape } from '../arithmetic.ts';
import type { ConvolutionAttributes } from './convolution-attributes.ts';
import type { Layouts } from './layouts.ts';

/** X (blocked), dY plain [N,O,H',W'] → dW [O, C, kh, kw]; one group. */
export function blockedWeightGradient(
  l: Layouts, x: string, dy: string, weightShape: readonly number[], a: ConvolutionAttributes,
): string {
  const { m, block } = l;
  const [n, channels, height, width] = l.shape(x) as [number, number, number, number];
  const [, out, outHeight, outWidth] = staticShape(m.g.shape(dy)) as [number, number, number, number];
  const [kh, kw] = a.kernel;
  const blocks = channels / block;
  const images = m.transpose(m.reshape(l.blocked(x), [n, blocks, height, width * block]), [1, 0, 2, 3]);
  const kernel = m.transpose(dy, [1, 0, 2, 3]);
  const full = m.g.op('Conv', [images, kernel], {
    kernel_shape: ints([outHeight, outWidth]),
    dilations: ints([a.stride[0], a.stride[1] * block]),
    pads: ints([a.pads[0], a.pads[1] * block, a.pads[2], a.pads[3] * block]),
  });
  const [, , rows, wide] = staticShape(m.g.shape(full)) as [number, number, number, number];
  const columns = wide / block;
  let taps = m.reshape(full, [blocks, out, rows, columns, block]);
  if (rows !== kh || a.dilation[0] !== 1) taps = m.slice(taps, 2, 0, (kh - 1) * a.dilation[0] + 1, a.dilation[0]);
  if (columns !== kw || a.dilation[1] !== 1) taps = m.slice(taps, 3, 0, (kw - 1) * a.dilation[1] + 1, a.dilation[1]);
  return m.reshape(m.transpose(taps, [1, 0, 4, 2, 3]), weightShape);
}
