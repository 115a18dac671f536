import { networkCost } from '../../network/cost.ts';
import type { ProxyEstimator } from './proxy.ts';

/** Larger networks are often better ones: the score that others have to beat (White et al. 2022). */
export const params: ProxyEstimator = {
  name: 'params',
  description: 'Trainable weights.',
  score: async (network) => networkCost(network).params,
};

export const macs: ProxyEstimator = {
  name: 'macs',
  description: 'Multiply-accumulates of one image.',
  score: async (network) => networkCost(network).macs,
};
