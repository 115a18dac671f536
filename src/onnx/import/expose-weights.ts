/** Weights wherever an exporter has put them, as initialisers: only those train. */
import { isFloat } from '../element-type.ts';
import type { OnnxModel, OnnxNode, Tensor } from '../model.ts';
import { separateInitializers } from './separate-initializers.ts';

/** Inputs that are weights of a layer, and its running averages, by operator. */
const WEIGHTS: Readonly<Record<string, readonly number[]>> = {
  Conv: [1, 2],
  ConvTranspose: [1, 2],
  Gemm: [0, 1, 2],
  MatMul: [0, 1],
  BatchNormalization: [1, 2, 3, 4],
  InstanceNormalization: [1, 2],
  LayerNormalization: [1, 2],
  GroupNormalization: [1, 2],
  RMSNormalization: [1],
  PRelu: [1],
  RNN: [1, 2, 3],
  GRU: [1, 2, 3],
  LSTM: [1, 2, 3],
};

/**
 * An equal model, whose weights are initialisers, each under a name of its own: merged ones separated, and those that lie in
 * Constant nodes under the name of the node's value. What makes a constant a weight is the layer that reads it; the
 * bias added to a matrix product is one too. Scales of ones and shifts of zeros are none: with those, exporters fill
 * the inputs of norms that have no weights, or whose weights follow in a product and a sum (PyTorch's GroupNorm).
 */
export function exposeWeights(source: OnnxModel): OnnxModel {
  const model = separateInitializers(source);
  const { graph } = model;
  const constants = new Map(graph.nodes.flatMap((node) => weightLike(node)));
  if (constants.size === 0) return model;
  const products = new Set(graph.nodes.flatMap((n) => (n.op === 'MatMul' ? n.outputs : [])));
  const weights = new Set(
    graph.nodes.flatMap((node) => {
      const addsToProduct = node.op === 'Add' && node.inputs.some((i) => products.has(i));
      if (addsToProduct) return node.inputs;
      const read = (WEIGHTS[node.op] ?? []).filter((i) => !isFiller(node, i, constants));
      return read.map((i) => node.inputs[i] ?? '');
    }),
  );
  const found = new Map([...constants].filter(([name]) => weights.has(name)));
  if (found.size === 0) return model;
  return {
    ...model,
    graph: {
      ...graph,
      nodes: graph.nodes.filter((node) => node.op !== 'Constant' || !found.has(node.outputs[0]!)),
      initializers: new Map([...graph.initializers, ...found]),
    },
  };
}

/** Whether a norm's scale is all ones, or its shift all zeros. */
function isFiller(node: OnnxNode, index: number, constants: ReadonlyMap<string, Tensor>): boolean {
  if (!node.op.endsWith('Normalization') || index > 2) return false;
  const data = constants.get(node.inputs[index] ?? '')?.data;
  const neutral = index === 1 ? 1 : 0;
  return data !== undefined && Array.from<number | bigint>(data).every((v) => Number(v) === neutral);
}

/** The name and value of a Constant node that could be a weight. */
function weightLike({ op, domain, outputs, attributes: { value } }: OnnxNode): (readonly [string, Tensor])[] {
  if (op !== 'Constant' || domain !== '' || value?.type !== 'tensor') return [];
  const isVector = isFloat(value.value.dtype) && value.value.shape.length > 0;
  return isVector ? [[outputs[0]!, value.value]] : [];
}
