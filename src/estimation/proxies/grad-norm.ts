import { crossEntropy } from '../../autodiff/losses/cross-entropy.ts';
import type { ProxyEstimator } from './proxy.ts';
import { startingWeights, sumOverLayers } from './run-graph.ts';

/** Σ over layers of ‖∂L/∂w‖₂ at the start of training. */
export const gradNorm: ProxyEstimator = {
  name: 'grad-norm',
  description: 'Sum of the norms of the layers’ gradients before training (Abdelfattah et al. 2021).',
  score: (network, { images, labels, threads }) =>
    sumOverLayers(
      {
        network,
        weights: startingWeights(network),
        loss: crossEntropy(),
        feeds: { [network.inputs[0]!.id]: images, labels },
        batch: images.shape[0]!,
        threads,
      },
      (_, gradients) => Math.sqrt(gradients.reduce((sum, g) => sum + g * g, 0)),
    ),
};
