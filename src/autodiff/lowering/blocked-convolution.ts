/** Convolutions and their gradients on blocked images. */
import { int, ints, str } from '../../onnx/graph-builder.ts';
import type { Attributes } from '../../onnx/model.ts';
import { intsAttribute } from '../../onnx/shape-rules.ts';
import { type Arithmetic, staticShape } from '../arithmetic.ts';
import { blockedConvolution } from './blocked-kernel.ts';
import { blockedWeightGradient } from './blocked-weight-gradient.ts';
import { type ConvolutionAttributes, convolutionAttributes } from './convolution-attributes.ts';
import { depthwiseWeightGradient } from './depthwise.ts';
import type { BlockedHandler } from './handler.ts';
import { flippedWeights, isPlainConvolution, plainAttributes } from './input-gradient.ts';
import { fillsWell, type Layouts } from './layouts.ts';
import { pointwiseWeightGradient } from './pointwise-weight-gradient.ts';
import { phaseGradient, phases } from './strided-input-gradient.ts';

/** How a convolution runs blocked: the order that its weights must have. */
type Form = 'full' | 'stem' | 'depthwise';

/** Null when the kernels do not know a convolution of these sizes, or filling up its channels costs too much. */
function formOf(block: number, channels: number, out: number, group: number): Form | null {
  if (!fillsWell(out, block)) return null;
  if (group === channels && group === out && group > 1) return 'depthwise';
  if (group === 1)
    return channels < block && !fillsWell(channels, block)
      ? 'stem'
      : fillsWell(channels, block)
        ? 'full'
        : null;
  // Filling up would have to be done group by group.
  return (channels / group) % block === 0 && (out / group) % block === 0 ? 'full' : null;
}

/** W [O, I, kh, kw] in the kernels' order, both numbers of channels filled up with zeros as the form asks. */
function kernelOrder(l: Layouts, w: string, form: Form): string {
  const { m, block } = l;
  const [o, i, kh, kw] = staticShape(m.g.shape(w)) as [number, number, number, number];
  const out = l.filled(o);
  const inside = form === 'full' ? l.filled(i) : i;
  const filled = m.pad(w, [0, 0, 0, 0], [out - o, inside - i, 0, 0]);
  return form === 'full'
    ? blockBoth(m, filled, [out, inside, kh, kw], block)
    : blockOutput(m, filled, [out, inside, kh, kw], block);
}

type WeightShape = readonly [number, number, number, number];

/** OIHWio with both channel axes blocked. */
function blockBoth(m: Arithmetic, w: string, [o, i, kh, kw]: WeightShape, block: number): string {
  const split = m.reshape(w, [o / block, block, i / block, block, kh, kw]);
  return m.reshape(m.transpose(split, [0, 2, 4, 5, 3, 1]), [o, i, kh, kw]);
}

/** Only the output channels blocked: for unblocked images and for depthwise kernels. */
function blockOutput(m: Arithmetic, w: string, [o, i, kh, kw]: WeightShape, block: number): string {
  const split = m.reshape(w, [o / block, block, i, kh, kw]);
  return m.reshape(m.transpose(split, [0, 2, 3, 4, 1]), [o, i, kh, kw]);
}

/** Groups with depthwise channels filled up. */
const groupOf = (l: Layouts, form: Form, group: number): number =>
  form === 'depthwise' ? l.filled(group) : group;

export const conv: BlockedHandler = (l, node, fusion) => {
  const [x, w, bias] = node.inputs as [string, string, string?];
  const shape = l.shape(x);
  if (shape.length !== 4) return false;
  const [out, , kh, kw] = l.shape(w) as [number, number, number, number];
  const a = convolutionAttributes(node.attributes, [kh, kw]);
  const form = formOf(l.block, shape[1]!, out, a.group);
  if (form === null) return false;
  const result = blockedConvolution(
    l,
    {
      x: form === 'stem' ? l.plain(x) : l.blocked(x),
      w: kernelOrder(l, l.plain(w), form),
      bias: bias ? l.channelVector(l.plain(bias)) : undefined,
      sum: fusion.sum ? l.blocked(fusion.sum) : undefined,
    },
    l.blockedShape(l.shape(node.outputs[0]!)),
    { ...attributesOf(a, groupOf(l, form, a.group)), ...(fusion.relu && { activation: str('Relu') }) },
    node.name,
  );
  l.setBlocked(fusion.output, result);
  return true;
};

const attributesOf = (a: ConvolutionAttributes, group: number): Attributes => ({
  kernel_shape: ints(a.kernel),
  strides: ints(a.stride),
  dilations: ints(a.dilation),
  pads: ints(a.pads),
  group: int(group),
});

export const convInputGradient: BlockedHandler = (l, node) => {
  const [dy, w] = node.inputs as [string, string];
  const inputShape = intsAttribute(node.attributes, 'input_shape')!;
  const [out, , kh, kw] = l.shape(w) as [number, number, number, number];
  if (inputShape.length !== 4) return false;
  const a = convolutionAttributes(node.attributes, [kh, kw]);
  const form = formOf(l.block, out, inputShape[1]!, a.group);
  if (form === null || form === 'stem') return false;
  const attributes = { ...plainAttributes(a), group: int(groupOf(l, form, a.group)) };
  const convolve = (input: string, weights: string, shape: readonly number[], more: Attributes): string =>
    blockedConvolution(
      l,
      { x: input, w: kernelOrder(l, weights, form) },
      l.blockedShape(shape),
      { ...attributes, ...more },
      node.name,
    );
  if (isPlainConvolution(a)) {
    const flipped = flippedWeights(l.m, l.plain(w), a.group);
    l.setBlocked(node.outputs[0]!, convolve(l.blocked(dy), flipped, inputShape, {}));
    return true;
  }
  const split = phases(a, inputShape, l.shape(dy));
  if (split === null || (form === 'full' && a.group > 1)) return false;
  l.setBlocked(
    node.outputs[0]!,
    phaseGradient(l, { dy, w, inputShape, split, depthwise: form === 'depthwise' }, convolve),
  );
  return true;
};

export const convWeightGradient: BlockedHandler = (l, node) => {
  const [x, dy] = node.inputs as [string, string];
  const weightShape = intsAttribute(node.attributes, 'weight_shape')!;
  const a = convolutionAttributes(node.attributes, weightShape.slice(2));
  if (weightShape.length !== 4 || !l.isBlocked(x)) return false;
  const isDepthwise = a.group > 1 && weightShape[1] === 1 && weightShape[0] === a.group;
  if (isDepthwise && l.canBlock(dy))
    l.setPlain(node.outputs[0]!, depthwiseWeightGradient(l, l.blocked(x), l.blocked(dy), weightShape, a));
  else if (a.group === 1 && a.kernel[0] === 1 && a.kernel[1] === 1) {
    const made = pointwiseWeightGradient(l, x, dy, weightShape, a);
    if (made === null) return false;
    l.setPlain(node.outputs[0]!, made);
  } else if (a.group === 1) l.setPlain(node.outputs[0]!, blockedWeightGradient(l, x, dy, weightShape, a));
  else return false;
  return true;
};
