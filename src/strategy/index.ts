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

/** All search strategies by the name that `--strategy` takes. */
export const STRATEGIES = {
  auto,
  random: randomSearch,
  grid,
  'quasi-random': quasiRandom,
  'local-search': localSearch,
  'steepest-ascent': steepestAscent,
  annealing: simulatedAnnealing,
  // Sizes for budgets of tens to hundreds of trials; the paper's 100 and 25 are for tens of thousands.
  evolution: regularisedEvolution({ population: 20, sample: 5, start: 8 }),
  'warm-evolution': warmEvolution,
  nsga2,
  nsga3,
  reinforce,
  ppo,
  'cma-es': cmaEs,
  tpe,
  gp: gaussianProcess,
  'gp-ei': processByImprovement,
  'gp-ucb': processByBound,
  'gp-ts': processByDraw,
  forest,
  bananas,
  'successive-halving': successiveHalving,
  hyperband,
  asha,
  bohb,
  dehb,
  moasha,
  'tpe-asha': modelAsha,
} satisfies Record<string, Strategy>;
