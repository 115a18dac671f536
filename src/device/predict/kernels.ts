/**
 * The operators of a model, grouped by what they cost: operators of one kind share the coefficients of the predictor.
 *
 * No list of fusions is written down. What ONNX Runtime does with an operator depends on what is before it (a Relu is
 * free behind a convolution and a pass over memory elsewhere; QuantizeLinear and DequantizeLinear vanish around an
 * integer kernel), so the producer is part of the kind, and calibration finds out that a kind costs nothing.
 */
import { fail } from '../../errors.ts';
import type { DeployedGraph } from '../../network/deployed-graph.ts';
import { intAttribute, intsAttribute } from '../../onnx/attributes.ts';
import type { Attributes, OnnxGraph, OnnxModel, OnnxNode } from '../../onnx/model.ts';
import { SHAPE_RULES, type Shape } from '../../onnx/shape-rules.ts';
import { valueTypes } from '../../onnx/value-types.ts';
import {
  BLOCK,
  type Extent,
  FLOAT_CONVOLUTION,
  floatConvolution,
  INTEGER_CONVOLUTION,
  integerConvolution,
} from './convolution-work.ts';

/** What kernels that are timed alike have in common: one object for all of them, since networks have hundreds. */
export interface KernelKind {
  /** For example `Conv 3x3 stride 1`, `Relu after Conv`. */
  readonly name: string;
  /** Kinds whose costs are alike, for example `Conv dense stride 1`, `Relu`. */
  readonly family: string;
  /** What its time may be proportional to. */
  readonly sorts: readonly string[];
}

export interface Kernel {
  readonly kind: KernelKind;
  /** How much there is of each of the kind's sorts. */
  readonly amounts: readonly number[];
}

/** Read and write nothing: views of memory. */
const FREE = new Set(['Identity', 'Constant', 'Dropout']);
/** Blocked convolutions take input channels in fours at least; others are not blocked (ONNX Runtime, NCHWc). */
const ALIGNED = 4;

/** A batch of any size is one image. */
function size(shape: Shape): number {
  let product = 1;
  for (let i = 0; i < shape.length; i++) {
    const length = shape[i]!;
    if (typeof length === 'number') product *= length;
  }
  return product;
}
const axis = (shape: Shape | undefined, index: number): number => {
  const found = shape?.[index];
  return typeof found === 'number' ? found : 1;
};

const positionsOf = (shape: Shape): number => size(shape) / Math.max(1, axis(shape, 1));

/**
 * The operators that cost something, in order. One whose amount of work cannot be known, since its kind has no rule for
 * shapes, counts as one call.
 * @throws SHAPE; NOT_PREDICTABLE where operators of which more is known read what such a one gives
 */
export function kernelsOf(model: OnnxModel): Kernel[] {
  const types = valueTypes(model);
  const { nodes } = model.graph;
  const hasRule = ({ op }: OnnxNode): boolean => Object.hasOwn(SHAPE_RULES, op);
  const sizeless = nodes.find(
    (node) =>
      hasRule(node) &&
      !FREE.has(node.op) &&
      [...node.inputs, node.outputs[0]!].some((name) => name !== '' && !types.has(name)),
  );
  if (sizeless !== undefined) {
    const unruled = nodes.find((node) => !hasRule(node)) ?? sizeless;
    fail('NOT_PREDICTABLE', {
      reason: `how large the results of ${unruled.op} are (node "${unruled.name}") is not known, and ${sizeless.op} works on them`,
      hint: 'Measure the model instead: `espalier device measure MODEL`, with --device ADDRESS on another device.',
    });
  }
  return kernelsIn(model.graph, (value) => types.get(value)?.shape);
}

/** Those of a network in float. */
export const floatKernels = ({ graph, shapes }: DeployedGraph): Kernel[] =>
  kernelsIn(graph, (value) => shapes.get(value) ?? graph.initializers.get(value)?.shape);

function kernelsIn(
  { initializers, nodes }: Pick<OnnxGraph, 'initializers' | 'nodes'>,
  shapeOf: (value: string) => Shape | undefined,
): Kernel[] {
  const producers = new Map<string, string>();
  for (const { op, outputs } of nodes) for (const name of outputs) producers.set(name, op);
  const kernels: Kernel[] = [];
  for (const node of nodes) {
    const [first = '', second] = node.inputs;
    const producer = producers.get(first) ?? NO_PRODUCER;
    if (FREE.has(node.op) || (node.op === 'DequantizeLinear' && initializers.has(first))) continue;
    const output = shapeOf(node.outputs[0]!);
    kernels.push(
      output === undefined
        ? callOf(node.op, producer)
        : kernelOf(
            node,
            producer,
            shapeOf(first) ?? NONE,
            second === undefined ? NONE : (shapeOf(second) ?? NONE),
            output,
          ),
    );
  }
  return kernels;
}

/** An operator of which no more is known than that it is called. */
function callOf(op: string, producer: string): Kernel {
  const kind = otherKind(op, producer, 'plain');
  return { kind, amounts: kind.sorts.map((sort) => (sort === 'calls' ? 1 : 0)) };
}

/** What stands for the producer of an input of the graph. */
export const NO_PRODUCER = 'input';
const NONE: Shape = [];

/**
 * @param producer the operator that its first input comes from
 * @param input shape of the first input
 * @param weight shape of the second one
 */
export const kernelOf = (
  node: Pick<OnnxNode, 'op' | 'attributes'>,
  producer: string,
  input: Shape,
  weight: Shape,
  output: Shape,
): Kernel =>
  node.op === 'Conv'
    ? convolution(node.attributes, producer, input, weight, output)
    : other(node.op, producer, input, weight, output);

/** By name. */
const kinds = new Map<string, KernelKind>();
function kindOf(name: string, family: string, sorts: readonly string[]): KernelKind {
  let kind = kinds.get(name);
  if (kind === undefined) {
    kind = { name, family, sorts };
    kinds.set(name, kind);
  }
  return kind;
}

/** What a convolution's input looks like, as its names have it. */
const FORMS = ['', 'depthwise ', 'grouped ', 'of few channels ', 'unblocked '] as const;
const FORM = { plain: 0, depthwise: 1, grouped: 2, few: 3, unblocked: 4 } as const;
/** Fewer are an image's. */
const IMAGE = 4;

function formOf(group: number, channels: number, integers: boolean): number {
  if (group > 1) return group === channels ? FORM.depthwise : FORM.grouped;
  // In floats, what does not fill a block is read in its plain order.
  if (channels < (integers ? IMAGE : BLOCK)) return FORM.few;
  return integers || channels % ALIGNED === 0 ? FORM.plain : FORM.unblocked;
}

function convolution(
  attributes: Attributes,
  producer: string,
  input: Shape,
  weight: Shape,
  output: Shape,
): Kernel {
  const group = intAttribute(attributes, 'group', 1);
  const channels = axis(input, 1);
  const integers = producer === 'DequantizeLinear';
  const form = formOf(group, channels, integers);
  const [high, wide] = [
    extent(attributes, 0, input, weight, output),
    extent(attributes, 1, input, weight, output),
  ];
  const outputChannels = axis(weight, 0);
  const filled = outputChannels % BLOCK === 0;
  const kind = convolutionKind(form, high.window, wide.window, high.stride, integers, filled);
  const amounts = integers ? integerConvolution : floatConvolution;
  return {
    kind,
    amounts: amounts({
      input: size(input),
      weights: size(weight),
      channels: channels / group,
      outputChannels,
      positions: positionsOf(output),
      high,
      wide,
      depthwise: form === FORM.depthwise,
      blocked: form === FORM.plain || form === FORM.grouped,
    }),
  };
}

/** Of the height (0) or the width (1). Where the file says how to pad in words, as much before as after. */
function extent(
  attributes: Attributes,
  dimension: 0 | 1,
  inputShape: Shape,
  weight: Shape,
  outputShape: Shape,
): Extent {
  const at = (name: string): number | undefined => intsAttribute(attributes, name)?.[dimension];
  const [input, output] = [axis(inputShape, 2 + dimension), axis(outputShape, 2 + dimension)];
  const [window, stride, dilation] = [axis(weight, 2 + dimension), at('strides') ?? 1, at('dilations') ?? 1];
  const lacking = (output - 1) * stride + (window - 1) * dilation + 1 - input;
  return { input, output, window, stride, dilation, before: at('pads') ?? Math.max(0, lacking >> 1) };
}

/** By number: the usual ones, whose names need not be put together again. */
const convolutionKinds = new Map<number, KernelKind>();
/** Windows and strides below these have a number. */
const [WINDOWS, STRIDES] = [64, 16];

function convolutionKind(
  form: number,
  high: number,
  wide: number,
  stride: number,
  integers: boolean,
  filled: boolean,
): KernelKind {
  const make = (): KernelKind => {
    const pooled = FORMS[form] || (high * wide === 1 ? '1x1 ' : 'dense ');
    // Blocks that are not full take other kernels, in integers two to three times as slow ones.
    const after = `stride ${stride}${integers ? ' in integers' : ''}${filled ? '' : ', blocks not full'}`;
    return kindOf(
      `Conv ${FORMS[form]}${high}x${wide} ${after}`,
      `Conv ${pooled}${after}`,
      integers ? INTEGER_CONVOLUTION : FLOAT_CONVOLUTION,
    );
  };
  if (high >= WINDOWS || wide >= WINDOWS || stride >= STRIDES) return make();
  const flags = FORMS.length * (2 * Number(integers) + Number(filled)) + form;
  const number = ((flags * STRIDES + stride) * WINDOWS + high) * WINDOWS + wide;
  let kind = convolutionKinds.get(number);
  if (kind === undefined) {
    kind = make();
    convolutionKinds.set(number, kind);
  }
  return kind;
}

const PRODUCT = ['calls', 'weights'];
const MOVE = ['calls', 'moved'];
/** In integers every position begins anew. */
const INTEGER_MOVE = [...MOVE, 'positions'];

function other(op: string, producer: string, input: Shape, weight: Shape, output: Shape): Kernel {
  if (op === 'Gemm' || op === 'MatMul')
    return { kind: otherKind(op, producer, 'product'), amounts: [1, size(weight)] };
  const [outputs, factors] = [size(output), size(weight)];
  const form =
    outputs === axis(output, 1) ? 'vector' : factors > 1 && factors < outputs ? 'byChannel' : 'plain';
  const moved = size(input) + outputs;
  return {
    kind: otherKind(op, producer, form),
    amounts: producer === 'DequantizeLinear' ? [1, moved, positionsOf(input)] : [1, moved],
  };
}

type OtherForm = 'product' | 'vector' | 'byChannel' | 'plain';

/** By operator, its producer and its form. */
const otherKinds = new Map<string, Map<string, Partial<Record<OtherForm, KernelKind>>>>();

function otherKind(op: string, producer: string, form: OtherForm): KernelKind {
  let byProducer = otherKinds.get(op);
  if (byProducer === undefined) {
    byProducer = new Map();
    otherKinds.set(op, byProducer);
  }
  let byForm = byProducer.get(producer);
  if (byForm === undefined) {
    byForm = {};
    byProducer.set(producer, byForm);
  }
  byForm[form] ??= makeOtherKind(op, producer, form);
  return byForm[form];
}

function makeOtherKind(op: string, producer: string, form: OtherForm): KernelKind {
  const integers = producer === 'DequantizeLinear';
  if (form === 'product') {
    const name = `${op}${integers ? ' in integers' : ''}`;
    return kindOf(name, name, PRODUCT);
  }
  // With channels last a factor for each channel begins anew at every position.
  const family = `${op}${form === 'vector' ? ' of a vector' : form === 'byChannel' ? ' by channel' : ''}`;
  return kindOf(`${family} after ${producer}`, family, integers ? INTEGER_MOVE : MOVE);
}
