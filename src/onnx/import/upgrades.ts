/**
 * Nodes of older operator sets (11 and later) in the form of the one that Espalier writes. Only what changed its form is
 * here; operators that merely learnt new element types stay as they are. Source: the ONNX changelog of operators.
 */
import { intAttribute, intsAttribute, stringAttribute } from '../attributes.ts';
import { int, int64, str } from '../graph-builder.ts';
import type { Attribute, OnnxNode, Tensor } from '../model.ts';
import type { ValueType } from '../shape-rules/context.ts';
import { REDUCTIONS } from '../shape-rules/reduction.ts';
import { attention } from './attention.ts';
import { partList } from './part-list.ts';
import { rotaryEmbedding } from './rotary-embedding.ts';

export interface UpgradeContext {
  /** Operator set of the model's standard domain. */
  readonly version: number;
  readonly node: OnnxNode;
  /** Type of a value; null when it is only known when the model runs. */
  readonly type: (value: string) => ValueType | null;
  readonly constant: (value: string | undefined) => Tensor | null;
  /** A new constant. */
  readonly define: (tensor: Tensor) => string;
  /** A new name of a value or node. */
  readonly fresh: (wanted: string) => string;
}

/** The nodes in place of this one; the last has its outputs. */
export type Upgrade = (context: UpgradeContext) => readonly OnnxNode[];

function without(node: OnnxNode, ...names: readonly string[]): Record<string, Attribute> {
  return Object.fromEntries(Object.entries(node.attributes).filter(([name]) => !names.includes(name)));
}

/** Axes were an attribute before opset 13 (of most reductions, 18). */
const axesInput: Upgrade = ({ node, define }) => {
  const axes = intsAttribute(node.attributes, 'axes');
  if (axes === null) return [node];
  return [{ ...node, inputs: [node.inputs[0]!, define(int64(axes))], attributes: without(node, 'axes') }];
};

/** The sizes of all parts: an attribute before opset 13; equal parts were implied before opset 18. */
const splitSizes: Upgrade = ({ node, type, define }) => {
  if (node.inputs[1]) return [node];
  const x = type(node.inputs[0]!);
  const attribute = intsAttribute(node.attributes, 'split');
  const axis = intAttribute(node.attributes, 'axis', 0);
  const size = x?.shape.at(axis);
  const parts = node.outputs.length;
  if (attribute === null && typeof size !== 'number') return [node];
  const chunk = Math.ceil(Number(size) / parts);
  const sizes = attribute ?? node.outputs.map((_, i) => Math.min(chunk, Number(size) - i * chunk));
  return [
    {
      ...node,
      inputs: [node.inputs[0]!, define(int64(sizes))],
      attributes: without(node, 'split', 'num_outputs'),
    },
  ];
};

/** Before opset 13 everything from the axis on was one axis, by default from axis 1. */
const softmaxAxis: Upgrade = ({ version, node, type, define, fresh }) => {
  if (version >= 13) return [node];
  const shape = type(node.inputs[0]!)?.shape;
  const given = intAttribute(node.attributes, 'axis', 1);
  if (shape === undefined) return [node];
  const axis = given < 0 ? given + shape.length : given;
  const along = { ...node.attributes, axis: int(axis) };
  const rest = shape.slice(axis);
  if (rest.slice(1).every((d) => d === 1)) return [{ ...node, attributes: along }];
  if (shape.some((d) => typeof d === 'string')) return [node];
  const known = shape as readonly number[];
  const flat = fresh(`${node.name}/flat`);
  const result = fresh(`${node.name}/softmax`);
  const target = [...known.slice(0, axis), known.slice(axis).reduce((a, b) => a * b, 1)];
  const reshape = (name: string, from: string, to: string, dims: readonly number[]): OnnxNode => ({
    name,
    op: 'Reshape',
    domain: '',
    inputs: [from, define(int64(dims))],
    outputs: [to],
    attributes: {},
  });
  return [
    reshape(flat, node.inputs[0]!, flat, target),
    { ...node, name: result, inputs: [flat], outputs: [result], attributes: along },
    reshape(node.name, result, node.outputs[0]!, known),
  ];
};

/**
 * Empty tensors stood for absent inputs before opset 13; from 18 on sizes may be given for some axes only.
 * Positions and rounding that only old sets had are left, and refused where they are differentiated.
 */
const resizeInputs: Upgrade = ({ node, type, constant, define }) => {
  const isEmpty = (name: string | undefined): boolean =>
    !name || constant(name)?.data.length === 0 || type(name)?.shape[0] === 0;
  const [x, , scales, sizes] = node.inputs as [string, string?, string?, string?];
  const axes = intsAttribute(node.attributes, 'axes');
  const shape = type(x)?.shape;
  const spread = (name: string | undefined, rest: (axis: number) => number): string => {
    const tensor = constant(name);
    if (isEmpty(name)) return '';
    if (axes === null || !tensor || !shape) return name!;
    const listed = axes.map((a) => (a < 0 ? a + shape.length : a));
    const values = shape.map((_, i) =>
      listed.includes(i) ? Number(tensor.data[listed.indexOf(i)]) : rest(i),
    );
    if (tensor.dtype === 'int64') return define(int64(values));
    return define({ dtype: 'float32', shape: [values.length], data: Float32Array.from(values) });
  };
  const asGiven = spread(sizes, (i) => Number(shape![i]));
  const kept = aspectKept(node, shape, constant(asGiven), axes);
  const inputs = [x, '', spread(scales, () => 1), kept ? define(int64(kept)) : asGiven];
  while (inputs.at(-1) === '') inputs.pop();
  const gone = kept ? ['axes', 'keep_aspect_ratio_policy'] : ['axes'];
  return [{ ...node, inputs, attributes: without(node, ...gone) }];
};

/**
 * The sizes that `keep_aspect_ratio_policy` (18) makes of those given: all axes take the smallest or largest of their scales. Null
 * where nothing is to be kept, and where a size would be rounded, since the scale then is not the ratio of sizes.
 */
function aspectKept(
  node: OnnxNode,
  shape: ValueType['shape'] | undefined,
  sizes: Tensor | null,
  axes: readonly number[] | null,
): readonly number[] | null {
  const policy = stringAttribute(node.attributes, 'keep_aspect_ratio_policy', 'stretch');
  if (policy === 'stretch' || !sizes || !shape || shape.some((d) => typeof d === 'string')) return null;
  const known = shape as readonly number[];
  const listed = axes?.map((a) => (a < 0 ? a + known.length : a)) ?? known.map((_, i) => i);
  const ratios = listed.map((i) => Number(sizes.data[i]) / known[i]!);
  const scale = policy === 'not_larger' ? Math.min(...ratios) : Math.max(...ratios);
  const kept = known.map((d, i) => (listed.includes(i) ? d * scale : d));
  return kept.every((d) => Math.abs(d - Math.round(d)) < 1e-6) ? kept.map(Math.round) : null;
}

/** In opsets 18 to 20 scale and bias were per group. */
const groupNormChannels: Upgrade = (context) => {
  const { version, node, type, define } = context;
  const channels = type(node.inputs[0]!)?.shape[1];
  if (version >= 21 || typeof channels !== 'number') return [node];
  const groups = intAttribute(node.attributes, 'num_groups', 1);
  const { nodes, emit, reshape } = partList(context);
  const perChannel = (vector: string): string => {
    const sizes = define(int64([groups, channels / groups]));
    return reshape(emit('Expand', [reshape(vector, [groups, 1]), sizes]), [channels]);
  };
  const [x, scale, bias] = node.inputs as [string, string, string];
  const inputs = [x, perChannel(scale), perChannel(bias)];
  return [...nodes, { ...node, inputs }];
};

/** Statistics that leave the node, and the mode, are the training graph's own matter. */
const batchNorm: Upgrade = ({ node }) => [
  { ...node, outputs: node.outputs.slice(0, 1), attributes: without(node, 'training_mode', 'spatial') },
];

/** Constants given as plain numbers. */
const constant: Upgrade = ({ node }) => {
  const [[kind, attribute] = ['', undefined]] = Object.entries(node.attributes);
  if (attribute === undefined || kind === 'value') return [node];
  const scalar = attribute.type === 'float' || attribute.type === 'int';
  const list = scalar ? [attribute.value] : (attribute.value as readonly number[]);
  const isFloat = attribute.type === 'float' || attribute.type === 'floats';
  if (!isFloat && attribute.type !== 'int' && attribute.type !== 'ints') return [node];
  const tensor: Tensor = isFloat
    ? { dtype: 'float32', shape: scalar ? [] : [list.length], data: Float32Array.from(list) }
    : { ...int64(list), shape: scalar ? [] : [list.length] };
  return [{ ...node, attributes: { value: { type: 'tensor', value: tensor } } }];
};

/** Before opset 16 regions began at the corner of a pixel, and nobody could say otherwise. */
const roiCoordinates: Upgrade = ({ version, node }) => {
  if (version >= 16) return [node];
  const attributes = { ...node.attributes, coordinate_transformation_mode: str('output_half_pixel') };
  return [{ ...node, attributes }];
};

const AXES_OPERATORS = ['Squeeze', 'Unsqueeze', ...REDUCTIONS];

export const UPGRADES: Readonly<Record<string, Upgrade>> = {
  ...Object.fromEntries(AXES_OPERATORS.map((op) => [op, axesInput])),
  Split: splitSizes,
  Softmax: softmaxAxis,
  LogSoftmax: softmaxAxis,
  Hardmax: softmaxAxis,
  Resize: resizeInputs,
  GroupNormalization: groupNormChannels,
  BatchNormalization: batchNorm,
  Constant: constant,
  Attention: attention,
  RotaryEmbedding: rotaryEmbedding,
  RoiAlign: roiCoordinates,
};
