import { crossEntropy } from '../../autodiff/losses/cross-entropy.ts';
import type { ProxyEstimator } from './proxy.ts';
import { startingWeights, sumOverLayers } from './run-graph.ts';

/** Σ |w · ∂L/∂w|: by how much the loss would change, to first order, if each weight were taken away. */
export const snip: ProxyEstimator = {
  name: 'snip',
  description: 'What the loss would lose with each weight, added up (Lee et al. 2019).',
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
      (weights, gradients) => gradients.reduce((sum, g, i) => sum + Math.abs(g * weights[i]!), 0),
    ),
};
