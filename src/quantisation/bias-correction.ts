/**
 * Bias correction (Nagel et al. 2019): rounding a layer's weights by ε moves the mean of its outputs by E[εx], which is
 * measured on the calibration data, padding and all, and taken off its bias.
 */
import { encodeModel } from '../onnx/encode.ts';
import { int, ints } from '../onnx/graph-builder.ts';
import type { OnnxModel, OnnxNode, Tensor, ValueInfo } from '../onnx/model.ts';
import { createSession } from '../runtime/session.ts';
import type { Feeds, ObserveOptions } from './calibration/observe.ts';
import { freshNames, indexGraph, makeNode, withNodes } from './graph.ts';
import { dequantisedWeights, type LayerWeights, layerWeights } from './weights.ts';

/** Mean shift E[εx] of each output channel by layer name (Nagel et al. 2019). */
export type Shifts = ReadonlyMap<string, Float64Array>;

/**
 * Measures E[εx] of every layer in one pass over the batches: a second product with the rounding errors beside each.
 * @param model a prepared model
 * @param layers its nodes whose weights are to be rounded
 */
export async function measureShifts(
  model: OnnxModel,
  layers: readonly OnnxNode[],
  batches: readonly Feeds[],
  limit: number,
  { threads, signal, onProgress }: ObserveOptions,
): Promise<Shifts> {
  const graph = indexGraph(model.graph);
  const fresh = freshNames(model.graph);
  const constants: [string, Tensor][] = [];
  const nodes = [...model.graph.nodes];
  const outputs: ValueInfo[] = [];
  const means = new Map<string, string>();
  for (const node of layers) {
    if (node.op === 'MatMul') continue;
    const layer = layerWeights(node, graph);
    const name = fresh(`${node.name}/rounding`);
    constants.push([name, roundingErrors(layer, limit)]);
    const product = fresh(`${node.name}/shift`);
    nodes.push({ ...node, name: product, inputs: [node.inputs[0]!, name], outputs: [product] });
    // Channels last, then the mean over all else; ReduceMean has its axes as an attribute or as an input by version.
    const flat = fresh(`${node.name}/channels`);
    const perm = [1, 0, ...layer.weight.shape.slice(2).map((_, i) => i + 2)];
    nodes.push(makeNode('Transpose', flat, [product], flat, { perm: ints(perm) }));
    const rows = fresh(`${node.name}/rows`);
    nodes.push(makeNode('Flatten', rows, [flat], rows, { axis: int(1) }));
    outputs.push({ name: rows, dtype: 'float32', shape: [], unranked: true });
    means.set(node.name, rows);
  }
  const shifts = new Map<string, Float64Array>();
  if (means.size === 0) return shifts;
  const extended = withNodes({ ...model, graph: { ...model.graph, outputs } }, nodes, constants);
  const session = await createSession(encodeModel(extended), { threads });
  try {
    for (const feeds of batches) {
      signal?.throwIfAborted();
      const results = await session.run(feeds);
      for (const [layer, output] of means) {
        const { shape, data } = results[output]!;
        const [channels, each] = shape as [number, number];
        const sums = shifts.get(layer) ?? new Float64Array(channels);
        for (let c = 0; c < channels; c++) {
          let sum = 0;
          for (let i = c * each; i < (c + 1) * each; i++) sum += Number(data[i]);
          sums[c]! += sum / each / batches.length;
        }
        shifts.set(layer, sums);
      }
      // The last part of calibration.
      onProgress?.(1);
    }
  } finally {
    await session.release();
  }
  return shifts;
}

function roundingErrors(layer: LayerWeights, limit: number): Tensor {
  const rounded = dequantisedWeights(layer, limit);
  const { shape, data } = layer.weight;
  return { dtype: 'float32', shape, data: rounded.map((value, i) => value - Number(data[i])) };
}

/** Takes the shifts off the biases of `layers`; those without a bias get one. */
export function correctBiases(model: OnnxModel, layers: ReadonlySet<OnnxNode>, shifts: Shifts): OnnxModel {
  const graph = indexGraph(model.graph);
  const constants: [string, Tensor][] = [];
  const nodes = model.graph.nodes.map((node) => {
    const shift = shifts.get(node.name);
    if (shift === undefined || !layers.has(node)) return node;
    const old = layerWeights(node, graph).bias;
    const data = Float32Array.from(shift, (value, c) => Number(old?.data[c] ?? 0) - value);
    const name = `${node.name}/corrected/bias`;
    constants.push([name, { dtype: 'float32', shape: [data.length], data }]);
    return { ...node, inputs: [node.inputs[0]!, node.inputs[1]!, name] };
  });
  return withNodes(model, nodes, constants);
}
