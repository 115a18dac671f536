import { networkCost } from '../../network/cost.ts';
import type { ProxyEstimator } from './proxy.ts';

/**
 * Trainable weights: larger networks are often better ones, and the other scores have to beat that (White et al.
 * 2022).
 */
export const params: ProxyEstimator = {
  name: 'params',
  description: 'Trainable weights.',
  score: async (network) => networkCost(network).params,
};

/** Multiply-accumulates of one image, as the network trains. */
export const macs: ProxyEstimator = {
  name: 'macs',
  description: 'Multiply-accumulates of one image.',
  score: async (network) => networkCost(network).macs,
};
