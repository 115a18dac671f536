/**
 * Bias correction (Nagel et al. 2019): rounding moves the mean of a layer's outputs, by E[w̃x̃ − wx] with w̃ and x̃ what the
 * integers of weights and input stand for. It is measured on the calibration data, padding and all, and taken off the bias.
 */
import { encodeModel } from '../onnx/encode.ts';
import { float32 } from '../onnx/graph-builder.ts';
import type { OnnxModel, OnnxNode, Tensor, ValueInfo } from '../onnx/model.ts';
import { createSession } from '../runtime/session.ts';
import type { Affine } from './affine.ts';
import type { Feeds, ObserveOptions } from './calibration/observe.ts';
import { freshNames, indexGraph, makeNode, withNodes } from './graph.ts';
import { zeroPointTensor } from './insert-qdq.ts';
import { dequantisedWeights, layerWeights } from './weights.ts';

/** Mean shift E[w̃x̃ − wx] of each output channel by layer name (Nagel et al. 2019). */
export type Shifts = ReadonlyMap<string, Float64Array>;

/** What the layers will compute with. */
interface Rounding {
  /** Of each layer's input. */
  readonly affines: ReadonlyMap<string, Affine>;
  /** Of layers whose weights are not merely rounded to the nearest: what they are instead, by layer name. */
  readonly weights: ReadonlyMap<string, Tensor>;
  /** Largest magnitude of an integer weight. */
  readonly limit: number;
}

/**
 * Measures the shift of every layer in one pass over the batches: a second product with what the integers stand for beside
 * each.
 * @param model a prepared model
 * @param layers its nodes whose weights and inputs are to be rounded
 */
export async function measureShifts(
  model: OnnxModel,
  layers: readonly OnnxNode[],
  batches: readonly Feeds[],
  { affines, weights, limit }: Rounding,
  { threads, signal, onProgress }: ObserveOptions,
): Promise<Shifts> {
  const graph = indexGraph(model.graph);
  const fresh = freshNames(model.graph);
  const constants: [string, Tensor][] = [];
  const nodes = [...model.graph.nodes];
  const emit = (op: string, wanted: string, inputs: readonly string[]): string => {
    const name = fresh(wanted);
    nodes.push(makeNode(op, name, inputs, name));
    return name;
  };
  const constant = (wanted: string, tensor: Tensor): string => {
    const name = fresh(wanted);
    constants.push([name, tensor]);
    return name;
  };
  const rounded = new Map<string, string>();
  const roundedInput = (value: string): string => {
    const known = rounded.get(value);
    if (known !== undefined) return known;
    const affine = affines.get(value)!;
    const scale = constant(`${value}/scale`, float32(affine.scale));
    const zero = constant(`${value}/zero`, zeroPointTensor(affine));
    const integers = emit('QuantizeLinear', `${value}/integers`, [value, scale, zero]);
    const back = emit('DequantizeLinear', `${value}/rounded`, [integers, scale, zero]);
    rounded.set(value, back);
    return back;
  };
  const outputs: ValueInfo[] = [];
  const means = new Map<string, string>();
  for (const node of layers) {
    if (node.op === 'MatMul') continue;
    const layer = layerWeights(node, graph);
    const { shape } = layer.weight;
    const data = dequantisedWeights({ ...layer, weight: weights.get(node.name) ?? layer.weight }, limit);
    const weight = constant(`${node.name}/rounded`, { dtype: 'float32', shape, data });
    const inputs = [roundedInput(node.inputs[0]!), weight, ...node.inputs.slice(2)];
    const product = fresh(`${node.name}/product`);
    nodes.push({ ...node, name: product, inputs, outputs: [product] });
    const shift = emit('Sub', `${node.name}/shift`, [product, node.outputs[0]!]);
    // [images, channels]
    const mean =
      node.op === 'Conv'
        ? emit('Flatten', `${node.name}/means`, [emit('GlobalAveragePool', `${node.name}/pooled`, [shift])])
        : shift;
    outputs.push({ name: mean, dtype: 'float32', shape: [], unranked: true });
    means.set(node.name, mean);
  }
  const shifts = new Map<string, Float64Array>();
  if (means.size === 0) return shifts;
  const extended = withNodes({ ...model, graph: { ...model.graph, outputs } }, nodes, constants);
  const session = await createSession(encodeModel(extended), { threads });
  try {
    for (const [done, feeds] of batches.entries()) {
      signal?.throwIfAborted();
      const results = await session.run(feeds);
      for (const [layer, output] of means) {
        const { shape, data } = results[output]!;
        const [images, channels] = shape as [number, number];
        const sums = shifts.get(layer) ?? new Float64Array(channels);
        for (let i = 0; i < data.length; i++)
          sums[i % channels]! += Number(data[i]) / images / batches.length;
        shifts.set(layer, sums);
      }
      onProgress?.((done + 1) / batches.length);
    }
  } finally {
    await session.release();
  }
  return shifts;
}

/**
 * Layers with other weights, and the shifts taken off their biases; those without a bias get one.
 * @param layers of `model`; others stay as they are
 * @param weights by layer name
 */
export function correctLayers(
  model: OnnxModel,
  layers: ReadonlySet<OnnxNode>,
  { weights, shifts }: { readonly weights: ReadonlyMap<string, Tensor>; readonly shifts: Shifts },
): OnnxModel {
  const graph = indexGraph(model.graph);
  const constants: [string, Tensor][] = [];
  const constant = (name: string, tensor: Tensor): string => {
    constants.push([name, tensor]);
    return name;
  };
  const nodes = model.graph.nodes.map((node) => {
    const [weight, shift] = [weights.get(node.name), shifts.get(node.name)];
    if (!layers.has(node) || (weight === undefined && shift === undefined)) return node;
    const inputs = [...node.inputs];
    if (weight !== undefined) inputs[1] = constant(`${node.name}/rounded/weight`, weight);
    if (shift !== undefined) {
      const old = layerWeights(node, graph).bias;
      const data = Float32Array.from(shift, (value, c) => Number(old?.data[c] ?? 0) - value);
      inputs[2] = constant(`${node.name}/corrected/bias`, { dtype: 'float32', shape: [data.length], data });
    }
    return { ...node, inputs };
  });
  return withNodes(model, nodes, constants);
}
