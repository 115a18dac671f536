import { ACQUISITIONS } from './predictor/acquisition.ts';
import { mlpPredict } from './predictor/mlp.ts';
import { predictorStrategy } from './predictor/predictor-strategy.ts';
import type { Strategy } from './strategy.ts';

/**
 * BANANAS (White et al. 2021): an ensemble of perceptrons, independent Thompson sampling, candidates by mutation of the
 * best. Graph neighbourhoods stand where the paper has paths: the number of paths of a whole network has no bound.
 */
export const bananas: Strategy = predictorStrategy({
  name: 'bananas',
  description:
    'BANANAS: an ensemble of neural predictors with independent Thompson sampling (White et al. 2021).',
  predictor: mlpPredict,
  acquisition: ACQUISITIONS.thompson,
  start: 10,
});
