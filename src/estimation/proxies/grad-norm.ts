import { overLossGradients } from './loss-gradients.ts';
import type { ProxyEstimator } from './proxy.ts';

/** Σ over layers of ‖∂L/∂w‖₂ at the start of training, L the cross-entropy of one batch (Abdelfattah et al. 2021). */
export const gradNorm: ProxyEstimator = {
  name: 'grad-norm',
  description: 'Sum of the norms of the layers’ gradients before training (Abdelfattah et al. 2021).',
  score: overLossGradients((_, gradients) => Math.sqrt(gradients.reduce((sum, g) => sum + g * g, 0))),
};
