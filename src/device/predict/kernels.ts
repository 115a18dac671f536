/**
 * The operators of a model, grouped by what they cost: operators of one kind share the coefficients of the predictor.
 *
 * No list of fusions is written down. What ONNX Runtime does with an operator depends on what is before it (a Relu is
 * free behind a convolution and a pass over memory elsewhere; QuantizeLinear and DequantizeLinear vanish around an
 * integer kernel), so the producer is part of the kind, and calibration finds out that a kind costs nothing.
 */
import type { DeployedGraph } from '../../network/deployed-graph.ts';
import { intAttribute, intsAttribute } from '../../onnx/attributes.ts';
import type { Attributes, OnnxGraph, OnnxModel, OnnxNode, Tensor } from '../../onnx/model.ts';
import { SHAPE_RULES, type Shape, type ValueType } from '../../onnx/shape-rules.ts';

export interface Kernel {
  /** Kinds whose costs are alike, for example `Conv dense stride 1`, `Relu`. */
  readonly family: string;
  /** For example `Conv 3x3 stride 1`, `Relu after Conv`. */
  readonly kind: string;
  /** What its time may be proportional to, by name. */
  readonly work: Readonly<Record<string, number>>;
}

/** Read and write nothing: views of memory. */
const FREE = new Set(['Identity', 'Constant', 'Dropout']);
/** Channels in a block of the processor's convolutions (AVX-512: 16); a block that is not full takes as long. */
const BLOCK = 16;
/** Blocks of output channels that a convolution's inner loop computes together, and outputs of a row (MLAS, AVX-512). */
const BLOCKS_AT_ONCE = 4;
const PIECE = 6;
const padded = (channels: number): number => BLOCK * Math.ceil(channels / BLOCK);

/** A batch of any size is one image. */
const size = (shape: Shape): number => shape.reduce<number>((n, d) => n * (typeof d === 'number' ? d : 1), 1);
const axis = (shape: Shape | undefined, index: number): number => {
  const found = shape?.[index];
  return typeof found === 'number' ? found : 1;
};

const positionsOf = (shape: Shape): number => size(shape) / Math.max(1, axis(shape, 1));

/** All values' types. @throws SHAPE where an operator is unknown or does not fit */
function valueTypes({ graph }: OnnxModel): Map<string, ValueType> {
  const types = new Map<string, ValueType>();
  const constants = new Map<string, Tensor>(graph.initializers);
  for (const [name, { dtype, shape }] of graph.initializers) types.set(name, { dtype, shape });
  for (const { name, dtype, shape } of graph.inputs) types.set(name, { dtype, shape });
  for (const node of graph.nodes) {
    const value = node.attributes.value;
    if (node.op === 'Constant' && value?.type === 'tensor') constants.set(node.outputs[0]!, value.value);
    const found = SHAPE_RULES[node.op]?.({
      op: node.op,
      name: node.name,
      inputs: node.inputs.map((name) => types.get(name) ?? null),
      attributes: node.attributes,
      constant: (index) => constants.get(node.inputs[index] ?? '') ?? null,
      outputCount: node.outputs.length,
    });
    for (const [i, name] of node.outputs.entries()) if (found?.[i]) types.set(name, found[i]);
  }
  return types;
}

/** The operators that cost something, in order. @throws SHAPE */
export function kernelsOf(model: OnnxModel): Kernel[] {
  const types = valueTypes(model);
  return kernelsIn(model.graph, (value) => types.get(value)?.shape);
}

/** Those of a network in float. */
export const floatKernels = ({ graph, shapes }: DeployedGraph): Kernel[] =>
  kernelsIn(graph, (value) => shapes.get(value));

function kernelsIn(
  { initializers, nodes }: Pick<OnnxGraph, 'initializers' | 'nodes'>,
  shapeOf: (value: string) => Shape | undefined,
): Kernel[] {
  const producers = new Map<string, string>();
  for (const { op, outputs } of nodes) for (const name of outputs) producers.set(name, op);
  const kernels: Kernel[] = [];
  for (const node of nodes) {
    const first = node.inputs[0] ?? '';
    if (FREE.has(node.op) || (node.op === 'DequantizeLinear' && initializers.has(first))) continue;
    const shapes = node.inputs.map((name) => shapeOf(name) ?? []);
    kernels.push(
      kernelOf(node, producers.get(first) ?? NO_PRODUCER, shapes, shapeOf(node.outputs[0]!) ?? []),
    );
  }
  return kernels;
}

/** What stands for the producer of an input of the graph. */
export const NO_PRODUCER = 'input';

/** @param producer the operator that its first input comes from */
export const kernelOf = (
  node: Pick<OnnxNode, 'op' | 'attributes'>,
  producer: string,
  inputs: readonly Shape[],
  output: Shape,
): Kernel =>
  node.op === 'Conv'
    ? convolution(node.attributes, producer, inputs, output)
    : other(node.op, producer, inputs, output);

function convolution(
  attributes: Attributes,
  producer: string,
  shapes: readonly Shape[],
  output: Shape,
): Kernel {
  const [input = [], weight = []] = shapes;
  const group = intAttribute(attributes, 'group', 1);
  const stride = intsAttribute(attributes, 'strides')?.[0] ?? 1;
  const channels = axis(input, 1);
  const [high, wide] = [axis(weight, 2), axis(weight, 3)];
  const depthwise = group > 1 && group === channels;
  const ofImage = channels < 4;
  const form = depthwise ? 'depthwise ' : group > 1 ? 'grouped ' : ofImage ? 'of the image ' : '';
  const pooled = form || (high * wide === 1 ? '1x1 ' : 'dense ');
  const integers = producer === 'DequantizeLinear';
  const out = axis(weight, 0);
  // Such convolutions take other kernels, in integers two to three times as slow ones.
  const filled = out % BLOCK === 0 ? '' : ', blocks not full';
  const after = `stride ${stride}${integers ? ' in integers' : ''}${filled}`;
  const map: Window = {
    window: high * wide,
    wide,
    channels: depthwise ? 1 : channels / group,
    out,
    positions: positionsOf(output),
    width: Math.max(1, axis(output, 3)),
    depthwise,
    ofImage,
  };
  return {
    family: `Conv ${pooled}${after}`,
    kind: `Conv ${form}${high}x${wide} ${after}`,
    work: {
      calls: 1,
      input: size(input),
      weights: size(weight),
      ...(integers ? integerConvolution(map) : floatConvolution(map)),
    },
  };
}

interface Window {
  /** Weights of one channel's window. */
  readonly window: number;
  readonly wide: number;
  /** Input channels that one output sums over. */
  readonly channels: number;
  readonly out: number;
  readonly positions: number;
  readonly width: number;
  readonly depthwise: boolean;
  readonly ofImage: boolean;
}

/** In blocks of channels (MLAS, NCHWc). */
function floatConvolution(map: Window): Kernel['work'] {
  const { window, wide, channels, out, positions, width, depthwise, ofImage } = map;
  const summed = (depthwise || ofImage ? channels : padded(channels)) * window;
  const macs = padded(out) * summed * positions;
  const blocks = padded(out) / BLOCK;
  return {
    macs,
    // Every load of the input serves several blocks of outputs at once.
    passes: summed * positions * (depthwise ? blocks : Math.ceil(blocks / BLOCKS_AT_ONCE)),
    // A row is computed in pieces; the last one takes as long as a whole one.
    pieces: (macs * Math.ceil(width / PIECE) * PIECE) / width,
    // Where the window hangs over the edge the kernel is another, slower one.
    edges: (macs * (wide - 1)) / width,
    output: padded(out) * positions,
  };
}

/** Channels last: windows are gathered, then multiplied as matrices (MLAS, QLinearConv). */
function integerConvolution({ window, channels, out, positions }: Window): Kernel['work'] {
  return {
    macs: padded(out) * window * channels * positions,
    windows: window * positions,
    gathered: window * channels * positions,
    output: out * positions,
    positions,
  };
}

function other(op: string, producer: string, shapes: readonly Shape[], output: Shape): Kernel {
  const [input = [], weight = []] = shapes;
  if (op === 'Gemm' || op === 'MatMul') {
    const kind = `${op}${producer === 'DequantizeLinear' ? ' in integers' : ''}`;
    return { family: kind, kind, work: { calls: 1, weights: size(weight) } };
  }
  const vector = size(output) === axis(output, 1) ? ' of a vector' : '';
  // With channels last a factor for each channel begins anew at every position.
  const broadcast = vector === '' && size(weight) > 1 && size(weight) < size(output) ? ' by channel' : '';
  const name = `${op}${vector}${broadcast}`;
  return {
    family: name,
    kind: `${name} after ${producer}`,
    work: {
      calls: 1,
      moved: size(input) + size(output),
      ...(producer === 'DequantizeLinear' && { positions: positionsOf(input) }),
    },
  };
}
