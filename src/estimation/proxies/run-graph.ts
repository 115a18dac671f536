/** A training graph run once, for what it tells of an untrained network. */
import type { Loss } from '../../autodiff/losses/loss.ts';
import type { Optimiser } from '../../autodiff/optimisers/optimiser.ts';
import { pack } from '../../autodiff/parameter-layout.ts';
import { type TrainingGraph, trainingGraph } from '../../autodiff/training-graph.ts';
import { initialWeights } from '../../network/initialise.ts';
import type { Network } from '../../network/network.ts';
import { networkToOnnx } from '../../network/to-onnx.ts';
import { encodeModel } from '../../onnx/encode.ts';
import type { Tensor } from '../../onnx/model.ts';
import { createRandom } from '../../random.ts';
import { loweringTarget } from '../../runtime/lowering-target.ts';
import { createSession } from '../../runtime/session.ts';

export type Weights = ReadonlyMap<string, Tensor>;

/** Weights depend on the layers' names alone, so that a network's score is its own. */
export const startingWeights = (network: Network): Weights =>
  initialWeights(network, createRandom('proxies'));

/** In place of an update, the gradient itself comes out. */
const gradientItself: Optimiser = {
  name: 'gradient',
  state: [],
  update: ({ gradient }) => ({ parameters: gradient, state: [] }),
};

/**
 * The outputs of the training graph for one batch; batch norms normalise by the batch, dropout is off.
 * @param feeds the network's inputs and the loss's
 * @param trainable the weights whose gradients are asked for; all by default
 */
export async function runOnce(request: {
  readonly network: Network;
  readonly weights: Weights;
  readonly loss: Loss;
  readonly feeds: Readonly<Record<string, Tensor>>;
  readonly batch: number;
  readonly threads: number;
  readonly trainable?: (name: string) => boolean;
}): Promise<{ readonly graph: TrainingGraph; readonly outputs: Readonly<Record<string, Tensor>> }> {
  const { network, weights, loss, feeds, batch, threads, trainable } = request;
  // As for inference: a score must not depend on what dropout drew.
  const model = networkToOnnx(network, weights, { mode: 'inference', batch });
  const graph = trainingGraph(model, loss, gradientItself, {
    target: await loweringTarget(),
    trainable: (name) => weights.has(name) && (trainable?.(name) ?? true),
  });
  const session = await createSession(encodeModel(graph.model), { threads });
  try {
    const all: Record<string, Tensor> = {
      ...feeds,
      parameters: vector(pack(graph.parameters, weights)),
      statistics: vector(pack(graph.statistics, weights)),
      decay: vector(new Float32Array(graph.parameters.length)),
      learningRate: scalar(0),
      step: scalar(1),
    };
    const wanted = new Set(session.inputNames);
    for (const name of Object.keys(all)) if (!wanted.has(name)) delete all[name];
    return { graph, outputs: await session.run(all) };
  } finally {
    await session.release();
  }
}

/** Σ over the weights of layers (kernels and matrices, not norms and biases) of what `part` makes of one tensor's. */
export async function sumOverLayers(
  request: Parameters<typeof runOnce>[0],
  part: (weights: Float32Array, gradients: Float32Array) => number,
): Promise<number> {
  const { graph, outputs } = await runOnce(request);
  const gradients = outputs['next.parameters']!.data as Float32Array;
  let sum = 0;
  for (const { name, shape, offset, length } of graph.parameters.entries)
    if (shape.length > 1)
      sum += part(
        request.weights.get(name)!.data as Float32Array,
        gradients.subarray(offset, offset + length),
      );
  return sum;
}

const vector = (data: Float32Array): Tensor => ({ dtype: 'float32', shape: [data.length], data });
const scalar = (value: number): Tensor => ({ dtype: 'float32', shape: [], data: Float32Array.of(value) });
