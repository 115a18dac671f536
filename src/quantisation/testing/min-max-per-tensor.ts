/**
 * The plainest post-training quantisation, for comparison: ranges from the smallest to the largest value, weights with one
 * scale for a whole tensor, no correction.
 */
import type { OnnxModel, Tensor } from '../../onnx/model.ts';
import { roundHalfEven } from '../affine.ts';
import type { Feeds } from '../calibration/observe.ts';
import { indexGraph } from '../graph.ts';
import { calibrate, PLAIN, quantiseCalibrated } from '../quantise.ts';
import { layerWeights } from '../weights.ts';

const LIMIT = 127;

export async function minMaxPerTensor(
  model: OnnxModel,
  batches: readonly Feeds[],
  { threads }: { readonly threads: number },
): Promise<OnnxModel> {
  const calibration = await calibrate(model, batches, { ...PLAIN, threads });
  return withOneScale(quantiseCalibrated(calibration).model, calibration.model);
}

/** The same graph; integers and scales of weights and biases are others. */
function withOneScale(quantised: OnnxModel, float: OnnxModel): OnnxModel {
  const { graph } = quantised;
  const layers = new Map(float.graph.nodes.map((node) => [node.name, node]));
  const producers = new Map(graph.nodes.map((node) => [node.outputs[0]!, node]));
  const initializers = new Map(graph.initializers);
  const index = indexGraph(float.graph);
  for (const node of graph.nodes) {
    const [ofWeight, ofBias] = [1, 2].map((i) => producers.get(node.inputs[i] ?? ''));
    const integers = graph.initializers.get(ofWeight?.inputs[0] ?? '');
    // The second operand of an addition may be a constant in integers too: it has no layer of weights.
    if (integers?.dtype !== 'int8' || ofWeight?.op !== 'DequantizeLinear') continue;
    const { weight, bias } = layerWeights(layers.get(node.name)!, index);
    const values = Float64Array.from(weight.data as Float32Array);
    const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const scale = Math.fround(largest > 0 ? largest / LIMIT : 1);
    const [weightScales, biasScales] = [ofWeight, ofBias].map((from) =>
      graph.initializers.get(from?.inputs[1] ?? ''),
    );
    initializers.set(ofWeight.inputs[0]!, {
      ...integers,
      data: Int8Array.from(values, (value) =>
        Math.min(LIMIT, Math.max(-LIMIT, roundHalfEven(value / scale))),
      ),
    });
    initializers.set(ofWeight.inputs[1]!, filled(weightScales!, scale));
    if (bias === null || ofBias === undefined || biasScales === undefined) continue;
    // A bias is in steps of input scale × weight scale.
    const input = Number(biasScales.data[0]) / Number(weightScales!.data[0]);
    const step = Math.fround(input * scale);
    initializers.set(ofBias.inputs[0]!, {
      ...graph.initializers.get(ofBias.inputs[0]!)!,
      data: Int32Array.from(bias.data as Float32Array, (value) => roundHalfEven(value / step)),
    });
    initializers.set(ofBias.inputs[1]!, filled(biasScales, step));
  }
  return { ...quantised, graph: { ...graph, initializers } };
}

const filled = (like: Tensor, value: number): Tensor => ({
  ...like,
  data: new Float32Array(like.data.length).fill(value),
});
