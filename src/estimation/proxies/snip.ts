import { overLossGradients } from './loss-gradients.ts';
import type { ProxyEstimator } from './proxy.ts';

/**
 * Σ |w · ∂L/∂w| over the layers' weights, L the cross-entropy of one batch: by how much the loss would change, to
 * first order, if each weight were taken away (Lee et al. 2019).
 */
export const snip: ProxyEstimator = {
  name: 'snip',
  description: 'What the loss would lose with each weight, added up (Lee et al. 2019).',
  score: overLossGradients((weights, gradients) =>
    gradients.reduce((sum, g, i) => sum + Math.abs(g * weights[i]!), 0),
  ),
};
