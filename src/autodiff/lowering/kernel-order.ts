/**
 * Weights in the order of the blocked kernels, made in the graph from W [O, I, kh, kw] in every step.
 *
 * The kernel that reorders images does the fine-grained half of it; what is left moves whole blocks.
 */
import { type Arithmetic, staticShape } from '../arithmetic.ts';
import { type Layouts, NCHWC_DOMAIN } from './layouts.ts';

type Shape4 = readonly [number, number, number, number];

const shapeOf = (m: Arithmetic, w: string): Shape4 => staticShape(m.g.shape(w)) as Shape4;

/** [N, C, P] → [N, C/b, P, b]; C is a multiple of the block. */
function blockMiddle(l: Layouts, value: string, [n, c, p]: readonly [number, number, number]): string {
  const { m } = l;
  const image = m.reshape(value, [n, c, p, 1]);
  return m.g.node('ReorderInput', [image], {
    domain: NCHWC_DOMAIN,
    types: [{ dtype: 'float32', shape: [n, c, p, 1] }],
  })[0]!;
}

/** Both numbers of channels filled up with zeros to whole blocks. */
function fillBoth(l: Layouts, w: string): string {
  const [o, i] = shapeOf(l.m, w);
  return l.m.pad(w, [0, 0, 0, 0], [l.filled(o) - o, l.filled(i) - i, 0, 0]);
}

/** For a forward convolution, OIHWio: output blocks, input blocks, taps, inputs of the block, outputs of the block. */
export function forwardOrder(l: Layouts, w: string): string {
  const { m, block } = l;
  const filled = fillBoth(l, w);
  const [o, i, kh, kw] = shapeOf(m, filled);
  const byOutput = blockMiddle(l, filled, [1, o, i * kh * kw]);
  const split = m.reshape(byOutput, [o / block, i / block, block, kh * kw, block]);
  return m.reshape(m.transpose(split, [0, 1, 3, 2, 4]), [o, i, kh, kw]);
}

/** For kernels over unblocked images and for depthwise ones: output blocks, inputs, taps, outputs of the block. */
export function outputOrder(l: Layouts, w: string): string {
  const { m } = l;
  const [o, i, kh, kw] = shapeOf(m, w);
  const out = l.filled(o);
  const filled = m.pad(w, [0, 0, 0, 0], [out - o, 0, 0, 0]);
  return m.reshape(blockMiddle(l, filled, [1, out, i * kh * kw]), [out, i, kh, kw]);
}

/**
 * For convolutions that carry gradients back, with inputs and outputs in swapped roles: [I/b, O/b, taps, b outputs,
 * b inputs], the taps in their own order.
 */
export function backwardBlocks(l: Layouts, w: string): string {
  const { m, block } = l;
  const filled = fillBoth(l, w);
  const [o, i, kh, kw] = shapeOf(m, filled);
  const byInput = blockMiddle(l, filled, [o, i, kh * kw]);
  const split = m.reshape(byInput, [o / block, block, i / block, kh * kw, block]);
  return m.transpose(split, [2, 0, 3, 1, 4]);
}

/** The same with the taps reversed, as a kernel of its own: the input gradient at stride 1. */
export function backwardOrder(l: Layouts, w: string): string {
  const { m } = l;
  const [, , kh, kw] = shapeOf(m, w);
  const blocks = backwardBlocks(l, w);
  const [inBlocks, outBlocks, , block] = staticShape(m.g.shape(blocks)) as [number, number, number, number];
  // Reversing both axes of a kernel is reversing its taps.
  return m.reshape(m.reverse(blocks, 2), [inBlocks * block, outBlocks * block, kh, kw]);
}
