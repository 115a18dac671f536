/** Convolutions and their gradients on blocked images. */
import { int, ints } from '../../onnx/graph-builder.ts';
import type { Attributes } from '../../onnx/model.ts';
import { intsAttribute } from '../../onnx/shape-rules.ts';
import { blockedConvolution } from './blocked-kernel.ts';
import { blockedWeightGradient } from './blocked-weight-gradient.ts';
import { factorIntoWeights, factorOntoWeights } from './channel-factor.ts';
import { type ConvolutionAttributes, convolutionAttributes } from './convolution-attributes.ts';
import { depthwiseWeightGradient } from './depthwise.ts';
import type { BlockedHandler } from './handler.ts';
import { flippedWeights, isPlainConvolution, plainAttributes } from './input-gradient.ts';
import { backwardOrder, forwardOrder, outputOrder } from './kernel-order.ts';
import { fillsWell, type Layouts } from './layouts.ts';
import { pointwiseWeightGradient } from './pointwise-weight-gradient.ts';
import { depthwisePhases, fullPhases, phases } from './strided-input-gradient.ts';

/** How a convolution runs blocked: the order that its weights must have. */
type Form = 'full' | 'grouped' | 'stem' | 'depthwise';

/** Null when the kernels do not know a convolution of these sizes, or filling up its channels costs too much. */
function formOf(block: number, channels: number, out: number, group: number): Form | null {
  if (!fillsWell(out, block)) return null;
  if (group === channels && group === out && group > 1) return 'depthwise';
  // Groups would have to be filled up one by one.
  if (group > 1) return (channels / group) % block === 0 && (out / group) % block === 0 ? 'grouped' : null;
  if (fillsWell(channels, block)) return 'full';
  return channels < block ? 'stem' : null;
}

const inKernelOrder = (l: Layouts, w: string, form: Form): string =>
  form === 'full' || form === 'grouped' ? forwardOrder(l, w) : outputOrder(l, w);

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
      w: inKernelOrder(l, l.plain(w), form),
      bias: bias ? l.channelVector(l.plain(bias)) : undefined,
      sum: fusion.sum ? l.blocked(fusion.sum) : undefined,
    },
    l.blockedShape(l.shape(node.outputs[0]!)),
    { ...attributesOf(l, a, form), ...fusion.activation },
    node.name,
  );
  l.setBlocked(fusion.output, result);
  return true;
};

const attributesOf = (l: Layouts, a: ConvolutionAttributes, form: Form): Attributes => ({
  kernel_shape: ints(a.kernel),
  strides: ints(a.stride),
  dilations: ints(a.dilation),
  pads: ints(a.pads),
  group: int(form === 'depthwise' ? l.filled(a.group) : a.group),
});

export const convInputGradient: BlockedHandler = (l, node, fusion) => {
  const inputShape = intsAttribute(node.attributes, 'input_shape')!;
  const [out, , kh, kw] = l.shape(node.inputs[1]!) as [number, number, number, number];
  if (inputShape.length !== 4) return false;
  const a = convolutionAttributes(node.attributes, [kh, kw]);
  const form = formOf(l.block, out, inputShape[1]!, a.group);
  if (form === null || form === 'stem') return false;
  if (isPlainConvolution(a)) {
    const [dy, w] = factorIntoWeights(l, node);
    const weights =
      form === 'full'
        ? backwardOrder(l, l.plain(w))
        : inKernelOrder(l, flippedWeights(l.m, l.plain(w), a.group), form);
    const group = int(form === 'depthwise' ? l.filled(a.group) : a.group);
    const attributes = { ...plainAttributes(a), group };
    const inputs = { x: l.blocked(dy), w: weights, sum: fusion.sum ? l.blocked(fusion.sum) : undefined };
    const shape = l.blockedShape(inputShape);
    l.setBlocked(fusion.output, blockedConvolution(l, inputs, shape, attributes, node.name));
    return true;
  }
  const split = phases(a, inputShape, l.shape(node.inputs[0]!));
  if (split === null || form === 'grouped') return false;
  const [dy, w] = factorIntoWeights(l, node);
  const inPhases = form === 'full' ? fullPhases : depthwisePhases;
  l.setPhased(node.outputs[0]!, inPhases(l, dy, w, split));
  return true;
};

export const convWeightGradient: BlockedHandler = (l, node) => {
  const [x, whole] = node.inputs as [string, string];
  const weightShape = intsAttribute(node.attributes, 'weight_shape')!;
  const a = convolutionAttributes(node.attributes, weightShape.slice(2));
  if (weightShape.length !== 4 || (!l.isBlocked(x) && !isStem(l, x, whole, a.group))) return false;
  const isDepthwise = a.group > 1 && weightShape[1] === 1 && weightShape[0] === a.group && l.canBlock(whole);
  if (a.group !== 1 && !isDepthwise) return false;
  const { dy, finish } = factorOntoWeights(l, whole);
  const isPointwise = a.kernel[0] === 1 && a.kernel[1] === 1 && a.pads.every((p) => p === 0);
  const dw = isDepthwise
    ? depthwiseWeightGradient(l, l.blocked(x), l.blocked(dy), weightShape, a)
    : isPointwise && l.isBlocked(x)
      ? pointwiseWeightGradient(l, x, dy, weightShape, a)
      : blockedWeightGradient(l, x, dy, weightShape, a);
  l.setPlain(node.outputs[0]!, finish(dw));
  return true;
};

/** A convolution of the first images, of which the few channels make no block. */
const isStem = (l: Layouts, x: string, dy: string, group: number): boolean =>
  group === 1 && !l.canBlock(x) && l.isBlocked(dy);
