import { ACQUISITIONS } from './predictor/acquisition.ts';
import { gaussianProcessPredictor } from './predictor/model.ts';
import { predictorStrategy } from './predictor/predictor-strategy.ts';
import type { Strategy } from './strategy.ts';

/** Bayesian optimisation with a Gaussian process on choices, cost and Weisfeiler-Leman features (Ru et al. 2021). */
export const gaussianProcess: Strategy = predictorStrategy({
  name: 'gp',
  description:
    'Bayesian optimisation: a Gaussian process on choices, cost and graph neighbourhoods, expected improvement (Ru et al. 2021).',
  predictor: gaussianProcessPredictor,
  acquisition: ACQUISITIONS.ei,
  start: 10,
});
