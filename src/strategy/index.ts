/** The search strategies by name. To add one: one file, one row. */
import { asha } from './asha.ts';
import { auto } from './auto.ts';
import { bananas } from './bananas.ts';
import { bohb } from './bohb.ts';
import { cmaEs } from './cma-es.ts';
import { dehb } from './dehb.ts';
import { forest } from './forest.ts';
import { gaussianProcess, processByBound, processByDraw, processByImprovement } from './gaussian-process.ts';
import { grid } from './grid.ts';
import { hyperband } from './hyperband.ts';
import { localSearch } from './local-search.ts';
import { moasha } from './moasha.ts';
import { nsga2 } from './nsga2.ts';
import { nsga3 } from './nsga3.ts';
import { ppo } from './ppo.ts';
import { quasiRandom } from './quasi-random.ts';
import { randomSearch } from './random.ts';
import { regularisedEvolution } from './regularised-evolution.ts';
import { reinforce } from './reinforce.ts';
import { simulatedAnnealing } from './simulated-annealing.ts';
import { steepestAscent } from './steepest-ascent.ts';
import type { Strategy } from './strategy.ts';
import { successiveHalving } from './successive-halving.ts';
import { tpe } from './tpe.ts';
import { modelAsha } from './tpe-asha.ts';
import { warmEvolution } from './warm-start.ts';

/**
 * All search strategies by the name that `--strategy` takes; each `description` says what it does. All propose only
 * what `accept` takes, and know several objectives and fidelities (`strategySuite` of `espalier/testing`).
 */
export const STRATEGIES = {
  /** Well-known and random networks, then a forest and a Gaussian process together: the default. */
  auto,
  /** Uniform random search without repetition (Bergstra and Bengio 2012; Li and Talwalkar 2019). */
  random: randomSearch,
  grid,
  /** The scrambled Halton sequence over the decisions (Halton 1960, Owen 2017). */
  'quasi-random': quasiRandom,
  /** Hill climbing to the first better neighbour (White et al. 2021). */
  'local-search': localSearch,
  /** Hill climbing to the best of several neighbours (White et al. 2021). */
  'steepest-ascent': steepestAscent,
  /** Simulated annealing (Kirkpatrick et al. 1983). */
  annealing: simulatedAnnealing,
  // Sizes for budgets of tens to hundreds of trials; the paper's 100 and 25 are for tens of thousands.
  /**
   * Regularised evolution (Real et al. 2019): the latest 20 trials live, 5 of them compete to have the child, 8
   * random ones begin.
   */
  evolution: regularisedEvolution({ population: 20, sample: 5, start: 8 }),
  /** Evolution from the favourites of the cheap scores (Abdelfattah et al. 2021). */
  'warm-evolution': warmEvolution,
  nsga2,
  nsga3,
  reinforce,
  ppo,
  /** A normal distribution over the numeric decisions (Hansen and Ostermeier 2001, restarts Auger and Hansen 2005). */
  'cma-es': cmaEs,
  tpe,
  /** Bayesian optimisation by upper confidence bound (Ru et al. 2021, Srinivas et al. 2010). */
  gp: gaussianProcess,
  /** Bayesian optimisation by expected improvement (Jones et al. 1998). */
  'gp-ei': processByImprovement,
  /** The same as `gp`. */
  'gp-ucb': processByBound,
  /** Bayesian optimisation by Thompson sampling (Thompson 1933). */
  'gp-ts': processByDraw,
  forest,
  bananas,
  /** Many short trials, the best third of each rung goes on (Jamieson and Talwalkar 2016). */
  'successive-halving': successiveHalving,
  hyperband,
  asha,
  bohb,
  dehb,
  moasha,
  /** Asynchronous successive halving with new genomes by TPE (Klein et al. 2020). */
  'tpe-asha': modelAsha,
} satisfies Record<string, Strategy>;
