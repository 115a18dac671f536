import { ACQUISITIONS } from './predictor/acquisition.ts';
import { gaussianProcessPredictor } from './predictor/model.ts';
import { predictorStrategy } from './predictor/predictor-strategy.ts';
import type { Strategy } from './strategy.ts';

/**
 * Bayesian optimisation with a Gaussian process on choices, cost and Weisfeiler-Leman features (Ru et al. 2021), by its
 * upper confidence bound (Srinivas et al. 2010): alone, with expected improvement, it rests on its length scale too soon
 * (docs/benchmarks.md).
 */
export const gaussianProcess: Strategy = predictorStrategy({
  name: 'gp',
  description:
    'Bayesian optimisation: a Gaussian process on choices, cost and graph neighbourhoods, upper confidence bound (Ru et al. 2021).',
  predictor: gaussianProcessPredictor,
  acquisition: ACQUISITIONS.ucb,
  start: 10,
});
