/** Scores from the gradients of the loss on one batch before training: what each layer's weights and gradients add up to. */
import { crossEntropy } from '../../autodiff/losses/cross-entropy.ts';
import type { ProxyEstimator } from './proxy.ts';
import { startingWeights, sumOverLayers } from './run-graph.ts';

export const overLossGradients =
  (ofLayer: Parameters<typeof sumOverLayers>[1]): ProxyEstimator['score'] =>
  (network, { images, labels, threads }) =>
    sumOverLayers(
      {
        network,
        weights: startingWeights(network),
        loss: crossEntropy(),
        feeds: { [network.inputs[0]!.id]: images, labels },
        batch: images.shape[0]!,
        threads,
      },
      ofLayer,
    );
