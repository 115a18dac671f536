import { ACQUISITIONS } from './predictor/acquisition.ts';
import { forestModel } from './predictor/model.ts';
import { predictorStrategy } from './predictor/predictor-strategy.ts';
import type { Strategy } from './strategy.ts';

/** Sequential model-based search with a forest of randomised trees (Hutter et al. 2011, SMAC). */
export const forest: Strategy = predictorStrategy({
  name: 'forest',
  description: 'Model-based search: a forest of randomised trees, expected improvement (Hutter et al. 2011).',
  model: forestModel,
  acquisition: ACQUISITIONS.ei,
  start: 10,
  settled: false,
});
