import type { Loss } from '../../autodiff/losses/loss.ts';
import { sumOfAll } from '../../autodiff/losses/reduction.ts';
import type { Network } from '../../network/network.ts';
import type { Tensor } from '../../onnx/model.ts';
import type { ProxyEstimator } from './proxy.ts';
import { startingWeights, sumOverLayers, type Weights } from './run-graph.ts';

/** The flow grows by orders of magnitude from layer to layer: begun so small at either end, float32 holds 80 of them. */
const SMALL = 2 ** -40;

const flow: Loss = {
  name: 'flow',
  build: (m, outputs) => m.scale(sumOfAll(m, outputs[0]!), SMALL),
};

/**
 * Σ |w| · ∂R/∂|w|, where R is the sum of the outputs for an image of ones through the absolute weights, without batch
 * norms and biases: how much flows through all paths (Tanaka et al. 2020). Needs no data. NaN where float32 cannot
 * hold it.
 */
export const synflow: ProxyEstimator = {
  name: 'synflow',
  description: 'How much flows through all paths of absolute weights (Tanaka et al. 2020).',
  score: async (network, { threads }) => {
    const bare = withoutNorms(network);
    const { id, shape } = bare.inputs[0]!;
    const size = shape.reduce((a, b) => a * b, 1);
    const ones: Tensor = {
      dtype: 'float32',
      shape: [1, ...shape],
      data: new Float32Array(size).fill(SMALL),
    };
    const sum = await sumOverLayers(
      {
        network: bare,
        weights: absolute(startingWeights(bare)),
        loss: flow,
        feeds: { [id]: ones },
        batch: 1,
        threads,
      },
      (weights, gradients) => gradients.reduce((total, g, i) => total + g * weights[i]!, 0),
    );
    const score = sum / SMALL / SMALL;
    return Number.isFinite(score) ? score : Number.NaN;
  },
};

/** Norms would scale the flow back layer by layer. */
function withoutNorms(network: Network): Network {
  const source = new Map<string, string>();
  const from = (id: string): string => source.get(id) ?? id;
  const nodes = network.nodes.flatMap((node) => {
    const inputs = node.inputs.map(from);
    if (node.operator.kind !== 'batchNorm') return [{ ...node, inputs }];
    source.set(node.id, inputs[0]!);
    return [];
  });
  return { ...network, nodes, outputs: network.outputs.map(from) };
}

/** Biases are vectors; the flow's are none. */
const absolute = (weights: Weights): Weights =>
  new Map(
    [...weights].map(([name, tensor]) => {
      const data = tensor.data as Float32Array;
      return [name, { ...tensor, data: tensor.shape.length > 1 ? data.map(Math.abs) : data.map(() => 0) }];
    }),
  );
