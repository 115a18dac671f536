/**
 * Cross-layer equalisation (Nagel et al. 2019): channels between two layers are scaled so that both layers' weights
 * have equal ranges in each channel. Scales pass unchanged through what lies between (ReLU and the like), so the float
 * model computes what it did before.
 */
import type { OnnxModel, OnnxNode, Tensor } from '../onnx/model.ts';
import { intAttribute } from '../onnx/shape-rules.ts';
import { type GraphIndex, indexGraph, withNodes } from './graph.ts';
import { roleOf } from './roles.ts';
import { layerWeights } from './weights.ts';

/** f(s·x) = s·f(x) for s > 0, channel by channel. */
const HOMOGENEOUS: ReadonlySet<string> = new Set([
  'Relu',
  'LeakyRelu',
  'MaxPool',
  'AveragePool',
  'GlobalAveragePool',
]);
/** Ranges of a chain of layers settle within a few rounds. */
const ROUNDS = 8;
/** A channel that is nearly dead on one side must not be scaled to extremes. */
const LARGEST_SCALE = 1e4;

interface Pair {
  readonly first: OnnxNode;
  readonly second: OnnxNode;
}

/** @param model a prepared model */
export function equalise(model: OnnxModel): OnnxModel {
  const graph = indexGraph(model.graph);
  const pairs = model.graph.nodes.flatMap((first): Pair[] => {
    const second = next(first, graph);
    return second === null ? [] : [{ first, second }];
  });
  if (pairs.length === 0) return model;
  const scaled = new Map<OnnxNode, Scaled>();
  for (const node of new Set(pairs.flatMap(({ first, second }) => [first, second]))) {
    const { weight, bias } = layerWeights(node, graph);
    const copy = (tensor: Tensor): Float64Array => Float64Array.from(tensor.data as Float32Array);
    scaled.set(node, { node, shape: weight.shape, weight: copy(weight), bias: bias && copy(bias) });
  }
  for (let round = 0; round < ROUNDS; round++)
    for (const { first, second } of pairs) balance(scaled.get(first)!, scaled.get(second)!);

  const constants: [string, Tensor][] = [];
  const nodes = model.graph.nodes.map((node) => {
    const layer = scaled.get(node);
    if (layer === undefined) return node;
    const inputs = [...node.inputs];
    const put = (at: 1 | 2, suffix: string, shape: readonly number[], data: Float64Array): void => {
      inputs[at] = `${node.name}/equalised/${suffix}`;
      constants.push([inputs[at], { dtype: 'float32', shape, data: Float32Array.from(data) }]);
    };
    put(1, 'weight', layer.shape, layer.weight);
    if (layer.bias) put(2, 'bias', [layer.bias.length], layer.bias);
    return { ...node, inputs };
  });
  return withNodes(model, nodes, constants);
}

interface Scaled {
  readonly node: OnnxNode;
  readonly shape: readonly number[];
  readonly weight: Float64Array;
  readonly bias: Float64Array | null;
}

/** Convolutions, and products that follow them once their map is pooled to one pixel. */
const isLayer = (node: OnnxNode, graph: GraphIndex): boolean => {
  if (node.op !== 'Conv' && node.op !== 'Gemm') return false;
  const found = roleOf(node, graph);
  const byRows = node.op === 'Conv' || intAttribute(node.attributes, 'transB', 0) === 1;
  return 'role' in found && byRows;
};

/** The layer that alone reads the output of `first`, or null. */
function next(first: OnnxNode, graph: GraphIndex): OnnxNode | null {
  if (first.op !== 'Conv' || !isLayer(first, graph)) return null;
  let value = first.outputs[0]!;
  for (let pooled = false; ; ) {
    const readers = graph.readers(value);
    const [reader] = readers;
    if (reader === undefined || readers.length > 1 || graph.isOutput(value)) return null;
    if (reader.op === 'Conv') return reader.inputs[0] === value && isLayer(reader, graph) ? reader : null;
    if (reader.op === 'Gemm')
      return pooled && reader.inputs[0] === value && isLayer(reader, graph) ? reader : null;
    if (reader.op === 'GlobalAveragePool') pooled = true;
    // One pixel a channel: flattening keeps the order of the channels.
    else if (!(reader.op === 'Flatten' && pooled) && !HOMOGENEOUS.has(reader.op)) return null;
    if (reader.outputs.length > 1) return null;
    value = reader.outputs[0]!;
  }
}

/** Position of the first weight and the distance between those that read input channel `c` of a layer. */
function eachInputWeight(
  { node, shape, weight }: Scaled,
  visit: (index: number, channel: number) => void,
): void {
  const [outputs, perGroup] = shape as [number, number];
  const area = shape.slice(2).reduce((a, b) => a * b, 1);
  const perOutputGroup = outputs / intAttribute(node.attributes, 'group', 1);
  for (let i = 0; i < weight.length; i++) {
    const output = Math.floor(i / (perGroup * area));
    const group = Math.floor(output / perOutputGroup);
    visit(i, group * perGroup + (Math.floor(i / area) % perGroup));
  }
}

function balance(first: Scaled, second: Scaled): void {
  const channels = first.shape[0]!;
  const each = first.weight.length / channels;
  const before = new Float64Array(channels);
  const after = new Float64Array(channels);
  first.weight.forEach((value, i) => {
    const c = Math.floor(i / each);
    before[c] = Math.max(before[c]!, Math.abs(value));
  });
  eachInputWeight(second, (i, c) => {
    after[c] = Math.max(after[c]!, Math.abs(second.weight[i]!));
  });
  // Both ranges become √(r₁r₂): divide the first by s = √(r₁/r₂), multiply the second by it.
  const scale = before.map((range, c) => {
    const s = Math.sqrt(range / after[c]!);
    return s > 1 / LARGEST_SCALE && s < LARGEST_SCALE ? s : 1;
  });
  for (let i = 0; i < first.weight.length; i++) first.weight[i]! /= scale[Math.floor(i / each)]!;
  first.bias?.forEach((value, c) => {
    first.bias![c] = value / scale[c]!;
  });
  eachInputWeight(second, (i, c) => {
    second.weight[i]! *= scale[c]!;
  });
}
