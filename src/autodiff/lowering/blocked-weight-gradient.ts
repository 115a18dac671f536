/**
 * The folded weight gradient (weight-gradient.ts) on blocked images: a block of channels is innermost already, so each
 * block is one batch entry of the folded convolution, and only whole blocks are moved.
 */
import { int, ints } from '../../onnx/graph-builder.ts';
import { staticShape } from '../arithmetic.ts';
import type { ConvolutionAttributes } from './convolution-attributes.ts';
import { type Layouts, NCHWC_DOMAIN } from './layouts.ts';

/** How many parts of the batch are summed apart, so that two threads find work in one convolution. */
const BATCH_PARTS = 2;

/** X and dY → dW [O, C, kh, kw]; X is blocked; one group. Channels that fill up blocks are cut away. */
export function blockedWeightGradient(
  l: Layouts,
  x: string,
  dy: string,
  weightShape: readonly number[],
  a: ConvolutionAttributes,
): string {
  const { m, block } = l;
  const [n, channels, height, width] = l.blockedShape(l.shape(x)) as [number, number, number, number];
  const [, , outHeight, outWidth] = l.shape(dy) as [number, number, number, number];
  const [kh, kw] = a.kernel;
  const blocks = channels / block;
  const parts = n % BATCH_PARTS === 0 ? BATCH_PARTS : 1;
  const images = m.transpose(m.reshape(l.blocked(x), [n, blocks, height, width * block]), [1, 0, 2, 3]);
  const kernel = byOutput(l, dy, parts);
  const out = staticShape(m.g.shape(kernel))[0]! / parts;
  const full = m.g.op('Conv', [images, kernel], {
    kernel_shape: ints([outHeight, outWidth]),
    dilations: ints([a.stride[0], a.stride[1] * block]),
    pads: ints([a.pads[0], a.pads[1] * block, a.pads[2], a.pads[3] * block]),
    group: int(parts),
  });
  const [, , rows, wide] = staticShape(m.g.shape(full)) as [number, number, number, number];
  const columns = wide / block;
  const split = m.reshape(full, [blocks, parts, out, rows, columns, block]);
  let taps = m.sum(split, [1], false);
  if (rows !== kh || a.dilation[0] !== 1)
    taps = m.slice(taps, 2, 0, (kh - 1) * a.dilation[0] + 1, a.dilation[0]);
  if (columns !== kw || a.dilation[1] !== 1)
    taps = m.slice(taps, 3, 0, (kw - 1) * a.dilation[1] + 1, a.dilation[1]);
  const weights = m.reshape(m.transpose(taps, [1, 0, 4, 2, 3]), [out, channels, kh, kw]);
  const trimmed = out === weightShape[0] ? weights : m.slice(weights, 0, 0, weightShape[0]!);
  return channels === weightShape[1] ? trimmed : m.slice(trimmed, 1, 0, weightShape[1]!);
}

/** dY [N,O,H,W] → [parts·O, N/parts, H, W]: the parts of the batch as groups of output channels. */
function byOutput(l: Layouts, dy: string, parts: number): string {
  const { m, block } = l;
  const [n, out, height, width] = l.shape(dy) as [number, number, number, number];
  const each = n / parts;
  if (!l.isBlocked(dy) || l.isPlain(dy)) {
    const split = m.reshape(l.plain(dy), [parts, each, out, height * width]);
    return m.reshape(m.transpose(split, [0, 2, 1, 3]), [parts * out, each, height, width]);
  }
  const filled = l.filled(out);
  // Once whole blocks have been sorted, a block over all images is one tall image, and unblocking it is the rest.
  const blocks = filled / block;
  const split = m.reshape(l.blocked(dy), [parts, each, blocks, height * width * block]);
  const tall = m.reshape(m.transpose(split, [0, 2, 1, 3]), [parts * blocks, block, each * height, width]);
  const unblocked = m.g.node('ReorderOutput', [tall], {
    domain: NCHWC_DOMAIN,
    attributes: { channels: int(block) },
    types: [{ dtype: 'float32', shape: m.g.shape(tall) }],
  })[0]!;
  return m.reshape(unblocked, [parts * filled, each, height, width]);
}
