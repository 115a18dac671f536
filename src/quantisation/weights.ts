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

/** Calls `visit` with each run of weights of one output channel: flat indices from `begin` to before `end`. */
function forEachRun(
  { weight, axis }: Pick<LayerWeights, 'weight' | 'axis'>,
  visit: (begin: number, end: number, channel: number) => void,
): void {
  const channels = weight.shape[axis]!;
  const inner = weight.shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  const runs = weight.data.length / inner;
  for (let run = 0; run < runs; run++) visit(run * inner, (run + 1) * inner, run % channels);
}

/** As numbers of one type, which loops over millions of weights need to be fast. */
const floats = ({ data }: Tensor): Float32Array | Float64Array =>
  data instanceof Float32Array ? data : Float64Array.from(data as ArrayLike<number>, Number);

/** Largest magnitude of each output channel's weights. */
export function channelMaxima(layer: Pick<LayerWeights, 'weight' | 'axis'>): Float64Array {
  const maxima = new Float64Array(layer.weight.shape[layer.axis]!);
  const values = floats(layer.weight);
  forEachRun(layer, (begin, end, c) => {
    let largest = maxima[c]!;
    for (let i = begin; i < end; i++) largest = Math.max(largest, Math.abs(values[i]!));
    maxima[c] = largest;
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
  const values = floats(weight);
  forEachRun(layer, (begin, end, c) => {
    const scale = scales[c]!;
    for (let i = begin; i < end; i++)
      integers[i] = Math.min(limit, Math.max(-limit, roundHalfEven(values[i]! / scale)));
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
  const integers = floats(weight);
  const scales = floats(weightScales);
  forEachRun(layer, (begin, end, c) => {
    for (let i = begin; i < end; i++) result[i] = integers[i]! * scales[c]!;
  });
  return result;
}
