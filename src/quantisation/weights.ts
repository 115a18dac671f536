/** Weights of one layer in integers: symmetric, one scale for each output channel; the bias in steps of their product. */
import type { OnnxNode, Tensor } from '../onnx/model.ts';
import { intAttribute } from '../onnx/shape-rules.ts';
import { roundHalfEven } from './affine.ts';
import type { GraphIndex } from './graph.ts';

export interface LayerWeights {
  readonly weight: Tensor;
  /** Axis of the weight that counts output channels. */
  readonly axis: number;
  /** [output channels] */
  readonly bias: Tensor | null;
}

/** The constants of a layer that `roles.ts` has accepted. */
export function layerWeights(node: OnnxNode, graph: GraphIndex): LayerWeights {
  const weight = graph.constant(node.inputs[1])!;
  const rows = node.op === 'Conv' || (node.op === 'Gemm' && intAttribute(node.attributes, 'transB', 0) === 1);
  return { weight, axis: rows ? 0 : 1, bias: graph.constant(node.inputs[2]) };
}

/** Calls `visit` with the flat index and output channel of each weight. */
export function forEachWeight(
  { weight, axis }: Pick<LayerWeights, 'weight' | 'axis'>,
  visit: (index: number, channel: number) => void,
): void {
  const channels = weight.shape[axis]!;
  const inner = weight.shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  for (let i = 0; i < weight.data.length; i++) visit(i, Math.floor(i / inner) % channels);
}

/** Largest magnitude of each output channel's weights. */
export function channelMaxima(layer: Pick<LayerWeights, 'weight' | 'axis'>): Float64Array {
  const maxima = new Float64Array(layer.weight.shape[layer.axis]!);
  forEachWeight(layer, (i, c) => {
    maxima[c] = Math.max(maxima[c]!, Math.abs(Number(layer.weight.data[i])));
  });
  return maxima;
}

export interface IntegerLayer {
  /** int8, as the float weight in shape. */
  readonly weight: Tensor;
  /** float32 [output channels] */
  readonly weightScales: Tensor;
  /** int32 [output channels] */
  readonly bias: Tensor | null;
  /** Input scale × weight scale. */
  readonly biasScales: Tensor;
}

/** A bias must not fill the accumulator: the products are added to it. */
const LARGEST_BIAS = 2 ** 30;

/**
 * @param limit largest magnitude of an integer weight: 127, or 63 where two products of a full weight with an
 *   activation would overflow the 16 bits that processors without VNNI add them in
 */
export function quantiseLayer(layer: LayerWeights, inputScale: number, limit: number): IntegerLayer {
  const { weight, bias } = layer;
  const scales = Float32Array.from(channelMaxima(layer), (largest, c) => {
    // A channel with next to no weights takes a coarser scale, so that its bias fits.
    const offset = Math.abs(Number(bias?.data[c] ?? 0));
    const scale = Math.max(largest / limit, offset / LARGEST_BIAS / inputScale);
    return scale > 1e-30 ? scale : 1;
  });
  const integers = new Int8Array(weight.data.length);
  forEachWeight(layer, (i, c) => {
    const value = roundHalfEven(Number(weight.data[i]) / scales[c]!);
    integers[i] = Math.min(limit, Math.max(-limit, value));
  });
  const vector = (data: Float32Array): Tensor => ({ dtype: 'float32', shape: [data.length], data });
  const biasScales = scales.map((scale) => Math.fround(scale * inputScale));
  const biasIntegers = (tensor: Tensor): Tensor => ({
    dtype: 'int32',
    shape: tensor.shape,
    data: Int32Array.from(biasScales, (scale, c) => roundHalfEven(Number(tensor.data[c]) / scale)),
  });
  return {
    weight: { dtype: 'int8', shape: weight.shape, data: integers },
    weightScales: vector(scales),
    bias: bias === null ? null : biasIntegers(bias),
    biasScales: vector(biasScales),
  };
}

/** What the integers stand for: the weights that the quantised layer really has. */
export function dequantisedWeights(layer: LayerWeights, limit: number): Float32Array {
  // The input's scale matters to the bias alone.
  const { weight, weightScales } = quantiseLayer({ ...layer, bias: null }, 1, limit);
  const result = new Float32Array(weight.data.length);
  forEachWeight(layer, (i, c) => {
    result[i] = Number(weight.data[i]) * Number(weightScales.data[c]);
  });
  return result;
}
