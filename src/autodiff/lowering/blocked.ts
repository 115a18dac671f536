/**
 * Lowering for ONNX Runtime's blocked CPU layout (the NCHWc kernels, up to twice as fast as its NCHW convolutions).
 *
 * ONNX Runtime chooses these kernels itself only for constant weights, which a training graph has not; so the graph
 * names them and reorders the weights as part of the step. Each handler below emits one operator on blocked values, or
 * declines by returning false; then the plain lowering takes it, and the layouts are converted between the two.
 */
import { float32, int, ints, str } from '../../onnx/graph-builder.ts';
import type { Attributes, OnnxNode } from '../../onnx/model.ts';
import { floatAttribute, intsAttribute } from '../../onnx/shape-rules.ts';
import { type Arithmetic, staticShape } from '../arithmetic.ts';
import { blockedWeightGradient } from './blocked-weight-gradient.ts';
import { type ConvolutionAttributes, convolutionAttributes } from './convolution-attributes.ts';
import { flippedWeights, isPlainConvolution, plainAttributes } from './input-gradient.ts';
import { type Layouts, NCHWC_DOMAIN } from './layouts.ts';
import { batchNormCoefficients, positive } from './plain.ts';

/** Emits the node on blocked values and records its outputs; false when it cannot. */
export type BlockedHandler = (l: Layouts, node: OnnxNode, fusion: Fusion) => boolean;

/** What may be computed in the same pass as the node's own output (see fusion.ts). */
export interface Fusion {
  /** Value to add to the output, in place of a following Add. */
  readonly sum: string | null;
  readonly relu: boolean;
  /** The value that the fused result stands for. */
  readonly output: string;
}

function convolution(
  l: Layouts,
  inputs: {
    readonly x: string;
    readonly w: string;
    readonly bias?: string | undefined;
    readonly sum?: string | undefined;
  },
  outShape: readonly number[],
  attributes: Attributes,
  name?: string,
): string {
  const { x, w, bias, sum } = inputs;
  const list = [x, w, bias ?? '', sum ?? ''];
  while (list.at(-1) === '') list.pop();
  return l.m.g.node('Conv', list, {
    domain: NCHWC_DOMAIN,
    attributes,
    types: [{ dtype: 'float32', shape: outShape }],
    ...(name !== undefined && { name }),
  })[0]!;
}

/** W [O, I, kh, kw] in the order of the blocked kernels: OIHWio with both channel axes blocked. */
function blockBoth(m: Arithmetic, w: string, block: number): string {
  const [o, i, kh, kw] = staticShape(m.g.shape(w)) as [number, number, number, number];
  const split = m.reshape(w, [o / block, block, i / block, block, kh, kw]);
  return m.reshape(m.transpose(split, [0, 2, 4, 5, 3, 1]), [o, i, kh, kw]);
}

/** W [O, I, kh, kw] with only the output channels blocked: for unblocked images and for depthwise kernels. */
function blockOutput(m: Arithmetic, w: string, block: number): string {
  const [o, i, kh, kw] = staticShape(m.g.shape(w)) as [number, number, number, number];
  const split = m.reshape(w, [o / block, block, i, kh, kw]);
  return m.reshape(m.transpose(split, [0, 2, 3, 4, 1]), [o, i, kh, kw]);
}

/** How a convolution of these sizes runs blocked; null when it cannot. */
function form(
  block: number,
  channels: number,
  out: number,
  group: number,
): 'full' | 'stem' | 'depthwise' | null {
  if (out % block !== 0) return null;
  if (group === channels && group === out) return 'depthwise';
  if ((channels / group) % block === 0 && (out / group) % block === 0) return 'full';
  return group === 1 && channels < block ? 'stem' : null;
}

function kernelOrder(m: Arithmetic, w: string, block: number, kind: 'full' | 'stem' | 'depthwise'): string {
  return kind === 'full' ? blockBoth(m, w, block) : blockOutput(m, w, block);
}

const conv: BlockedHandler = (l, node, fusion) => {
  const [x, w, bias] = node.inputs as [string, string, string?];
  const shape = l.shape(x);
  if (shape.length !== 4) return false;
  const [out, , kh, kw] = l.shape(w) as [number, number, number, number];
  const a = convolutionAttributes(node.attributes, [kh, kw]);
  const kind = form(l.block, shape[1]!, out, a.group);
  if (kind === null) return false;
  const weights = kernelOrder(l.m, l.plain(w), l.block, kind);
  const result = convolution(
    l,
    {
      x: kind === 'stem' ? l.plain(x) : l.blocked(x),
      w: weights,
      bias: bias ? l.plain(bias) : undefined,
      sum: fusion.sum ? l.blocked(fusion.sum) : undefined,
    },
    l.shape(node.outputs[0]!),
    { ...convAttributes(a), ...(fusion.relu && { activation: str('Relu') }) },
    node.name,
  );
  l.setBlocked(fusion.output, result);
  return true;
};

const convAttributes = (a: ConvolutionAttributes): Attributes => ({
  kernel_shape: ints(a.kernel),
  strides: ints(a.stride),
  dilations: ints(a.dilation),
  pads: ints(a.pads),
  group: int(a.group),
});

const convInputGradient: BlockedHandler = (l, node) => {
  const [dy, w] = node.inputs as [string, string];
  const inputShape = intsAttribute(node.attributes, 'input_shape')!;
  const [out, , kh, kw] = l.shape(w) as [number, number, number, number];
  if (inputShape.length !== 4) return false;
  const a = convolutionAttributes(node.attributes, [kh, kw]);
  const kind = form(l.block, out, inputShape[1]!, a.group);
  if (kind === null || kind === 'stem' || !isPlainConvolution(a)) return false;
  const weights = kernelOrder(l.m, flippedWeights(l.m, l.plain(w), a.group), l.block, kind);
  const result = convolution(l, { x: l.blocked(dy), w: weights }, inputShape, plainAttributes(a)!, node.name);
  l.setBlocked(node.outputs[0]!, result);
  return true;
};

const convWeightGradient: BlockedHandler = (l, node) => {
  const [x, dy] = node.inputs as [string, string];
  const weightShape = intsAttribute(node.attributes, 'weight_shape')!;
  const a = convolutionAttributes(node.attributes, weightShape.slice(2));
  if (
    weightShape.length !== 4 ||
    a.group !== 1 ||
    !l.isBlocked(x) ||
    (a.kernel[0] === 1 && a.kernel[1] === 1)
  )
    return false;
  l.setPlain(node.outputs[0]!, blockedWeightGradient(l, x, dy, weightShape, a));
  return true;
};

/** Σ over batch and pixels of a blocked value, per channel, divided by their number. */
function channelMean(l: Layouts, blocked: string, channels: number): string {
  const { g } = l.m;
  const n = staticShape(g.shape(blocked))[0]!;
  const pooled = g.node('GlobalAveragePool', [blocked], {
    domain: NCHWC_DOMAIN,
    types: [{ dtype: 'float32', shape: [n, channels, 1, 1] }],
  })[0]!;
  return l.m.mean(l.m.reshape(pooled, [n, channels]), [0], false);
}

/** scale·x + shift (+ sum, rectified) per channel, in one pass: a depthwise 1×1 convolution. */
function affine(
  l: Layouts,
  x: string,
  scale: string,
  shift: string | undefined,
  shape: readonly number[],
  extra: { readonly sum?: string | undefined; readonly relu?: boolean; readonly name?: string } = {},
): string {
  const channels = shape[1]!;
  const w = l.m.reshape(scale, [channels, 1, 1, 1]);
  const attributes: Attributes = {
    kernel_shape: ints([1, 1]),
    group: int(channels),
    ...(extra.relu && { activation: str('Relu') }),
  };
  const bias =
    shift ?? (extra.sum === undefined ? undefined : l.m.g.constant(float32(new Float32Array(channels))));
  return convolution(l, { x, w, bias, sum: extra.sum }, shape, attributes, extra.name);
}

const batchNormTraining: BlockedHandler = (l, node, fusion) => {
  const { m } = l;
  const [x, scale, bias] = node.inputs as [string, string, string];
  if (!l.isBlocked(x)) return false;
  const shape = l.shape(x);
  const input = l.blocked(x);
  const mean = channelMean(l, input, shape[1]!);
  const square = channelMean(l, m.mul(input, input), shape[1]!);
  const variance = m.g.op('Max', [m.sub(square, m.mul(mean, mean)), m.scalar(0)]);
  const epsilon = m.scalar(floatAttribute(node.attributes, 'epsilon', 1e-5));
  const inverseStd = m.g.op('Reciprocal', [m.g.op('Sqrt', [m.add(variance, epsilon)])]);
  const factor = m.mul(l.plain(scale), inverseStd);
  const shift = m.sub(l.plain(bias), m.mul(mean, factor));
  const sum = fusion.sum ? l.blocked(fusion.sum) : undefined;
  const result = affine(l, input, factor, shift, shape, { sum, relu: fusion.relu, name: node.name });
  l.setBlocked(fusion.output, result);
  [mean, variance, inverseStd].forEach((value, i) => {
    l.setPlain(node.outputs[i + 1]!, value);
  });
  return true;
};

const batchNormGradient: BlockedHandler = (l, node) => {
  const { m } = l;
  const [dy, x, scale, mean, inverseStd] = node.inputs as [string, string, string, string, string];
  if (!l.isBlocked(x)) return false;
  const shape = l.shape(x);
  const channels = shape[1]!;
  const count = shape[0]! * shape[2]! * shape[3]!;
  const [gradient, input] = [l.blocked(dy), l.blocked(x)];
  const sums = {
    dy: m.scale(channelMean(l, gradient, channels), count),
    dyX: m.scale(channelMean(l, m.mul(gradient, input), channels), count),
  };
  const c = batchNormCoefficients(m, sums, l.plain(scale), l.plain(mean), l.plain(inverseStd), count);
  const part = affine(l, input, c.k, c.k2, shape);
  l.setBlocked(node.outputs[0]!, affine(l, gradient, c.a, undefined, shape, { sum: part }));
  l.setPlain(node.outputs[1]!, c.dScale);
  l.setPlain(node.outputs[2]!, c.dBias);
  return true;
};

const reluGradient: BlockedHandler = (l, node) => {
  const [dy, y] = node.inputs as [string, string];
  if (!l.isBlocked(y) && !l.isBlocked(dy)) return false;
  if (!l.canBlock(y)) return false;
  l.setBlocked(node.outputs[0]!, l.m.mul(l.blocked(dy), positive(l.m, l.blocked(y))));
  return true;
};

/** Operators that treat every element alike, on inputs of one shape (or scalars): any layout will do. */
const elementwise: BlockedHandler = (l, node) => {
  const output = node.outputs[0]!;
  if (!l.canBlock(output) || !node.inputs.some((i) => i !== '' && l.isBlocked(i))) return false;
  const shape = l.shape(output).join();
  const inputs: string[] = [];
  for (const input of node.inputs) {
    if (input === '') inputs.push('');
    else if (l.shape(input).join() === shape) inputs.push(l.blocked(input));
    else if (l.shape(input).every((d) => d === 1)) inputs.push(l.plain(input));
    else return false;
  }
  l.setBlocked(output, l.m.g.op(node.op, inputs, node.attributes, node.name));
  return true;
};

/** Whole blocks of channels lie one after another, so that joining them is the same in both layouts. */
const concat: BlockedHandler = (l, node) => {
  const axis = node.attributes.axis;
  const output = node.outputs[0]!;
  if (!l.canBlock(output) || axis?.type !== 'int' || axis.value !== 1) return false;
  if (!node.inputs.every((i) => l.canBlock(i)) || !node.inputs.some((i) => l.isBlocked(i))) return false;
  l.setBlocked(
    output,
    l.m.g.op(
      'Concat',
      node.inputs.map((i) => l.blocked(i)),
      node.attributes,
      node.name,
    ),
  );
  return true;
};

const split: BlockedHandler = (l, node) => {
  const axis = node.attributes.axis;
  const input = node.inputs[0]!;
  if (
    axis?.type !== 'int' ||
    axis.value !== 1 ||
    !l.isBlocked(input) ||
    !node.outputs.every((o) => l.canBlock(o))
  )
    return false;
  const parts = l.m.g.node('Split', [l.blocked(input), ...node.inputs.slice(1).map((i) => l.plain(i))], {
    attributes: node.attributes,
    outputs: node.outputs.length,
    name: node.name,
  });
  node.outputs.forEach((o, i) => {
    l.setBlocked(o, parts[i]!);
  });
  return true;
};

const globalAveragePool: BlockedHandler = (l, node) => {
  const x = node.inputs[0]!;
  if (!l.isBlocked(x)) return false;
  const shape = l.shape(node.outputs[0]!);
  const pooled = l.m.g.node('GlobalAveragePool', [l.blocked(x)], {
    domain: NCHWC_DOMAIN,
    types: [{ dtype: 'float32', shape }],
    name: node.name,
  })[0]!;
  l.setBoth(node.outputs[0]!, pooled);
  return true;
};

const globalAveragePoolGradient: BlockedHandler = (l, node) => {
  const [n, channels, height, width] = intsAttribute(node.attributes, 'input_shape')! as [
    number,
    number,
    number,
    number,
  ];
  if (channels % l.block !== 0) return false;
  const { m, block } = l;
  const spread = m.reshape(m.scale(l.plain(node.inputs[0]!), 1 / (height * width)), [
    n,
    channels / block,
    1,
    block,
  ]);
  const full = m.expand(spread, [n, channels / block, height * width, block]);
  l.setBlocked(node.outputs[0]!, m.reshape(full, [n, channels, height, width]));
  return true;
};

const averagePool: BlockedHandler = (l, node) => {
  const x = node.inputs[0]!;
  if (!l.isBlocked(x)) return false;
  const { ceil_mode: ceil, ...attributes } = node.attributes;
  if (ceil?.type === 'int' && ceil.value === 1) return false;
  const result = l.m.g.node('AveragePool', [l.blocked(x)], {
    domain: NCHWC_DOMAIN,
    attributes,
    types: [{ dtype: 'float32', shape: l.shape(node.outputs[0]!) }],
    name: node.name,
  })[0]!;
  l.setBlocked(node.outputs[0]!, result);
  return true;
};

const ELEMENTWISE = [
  'Add',
  'Sub',
  'Mul',
  'Div',
  'Sum',
  'Relu',
  'LeakyRelu',
  'Clip',
  'Sigmoid',
  'Tanh',
  'HardSigmoid',
  'HardSwish',
  'Gelu',
  'Neg',
  'Exp',
  'Sign',
  'Abs',
  'Erf',
  'Sqrt',
  'Greater',
  'Less',
  'And',
  'Where',
  'Identity',
  'QuantizeLinear',
  'DequantizeLinear',
] as const;

export const BLOCKED_HANDLERS: Readonly<Record<string, BlockedHandler>> = {
  ...Object.fromEntries(ELEMENTWISE.map((op) => [op, elementwise])),
  Conv: conv,
  ConvInputGradient: convInputGradient,
  ConvWeightGradient: convWeightGradient,
  BatchNormTraining: batchNormTraining,
  BatchNormGradient: batchNormGradient,
  ReluGradient: reluGradient,
  Concat: concat,
  Split: split,
  GlobalAveragePool: globalAveragePool,
  GlobalAveragePoolGradient: globalAveragePoolGradient,
  AveragePool: averagePool,
};
