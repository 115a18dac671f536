import { ACQUISITIONS } from './predictor/acquisition.ts';
import { processModel } from './predictor/model.ts';
import { predictorStrategy } from './predictor/predictor-strategy.ts';
import type { Strategy } from './strategy.ts';

const process = (
  name: string,
  how: string,
  paper: string,
  acquisition: keyof typeof ACQUISITIONS,
): Strategy =>
  predictorStrategy({
    name,
    description: `Bayesian optimisation: a Gaussian process with a kernel on choices (Hamming), graph neighbourhoods (Weisfeiler-Leman) and cost, ${how} (Ru et al. 2021; ${paper}).`,
    model: processModel,
    acquisition: ACQUISITIONS[acquisition],
    start: 10,
    settled: true,
  });

/**
 * Bayesian optimisation with a Gaussian process on the choices (a squared exponential on one-hot columns is a function of
 * their Hamming distance), on Weisfeiler-Leman features of the network and on its cost (Ru et al. 2021), by three
 * acquisitions. `gp` takes the upper confidence bound: expected improvement alone rests on its length scale too soon.
 */
export const gaussianProcess = process('gp', 'upper confidence bound', 'Srinivas et al. 2010', 'ucb');
export const processByImprovement = process('gp-ei', 'expected improvement', 'Jones et al. 1998', 'ei');
export const processByBound = process('gp-ucb', 'upper confidence bound', 'Srinivas et al. 2010', 'ucb');
export const processByDraw = process('gp-ts', 'Thompson sampling', 'Thompson 1933', 'thompson');
