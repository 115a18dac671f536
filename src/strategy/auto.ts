import { ACQUISITIONS } from './predictor/acquisition.ts';
import { ensemblePredictor } from './predictor/model.ts';
import { predictorStrategy } from './predictor/predictor-strategy.ts';
import type { Strategy } from './strategy.ts';

export const auto: Strategy = predictorStrategy({
  name: 'auto',
  description: 'Chosen by what is searched: a forest and a Gaussian process together, expected improvement.',
  predictor: ensemblePredictor,
  acquisition: ACQUISITIONS.ei,
  start: 10,
});
