import { ashaWith } from './asynchronous-halving.ts';
import { byFirstObjective, forFirstObjective } from './first-objective.ts';
import { ranked } from './rungs.ts';
import type { Observation, Strategy } from './strategy.ts';
import { tpe } from './tpe.ts';

/** One in so many promotions and genomes is for the front, the others for the first objective alone. */
const FRONT_EVERY = 3;

/** Genomes like the front's and, in turn, like the best by the first objective. */
const sampler: Strategy = {
  ...tpe,
  suggest: (request) =>
    tpe.suggest(
      request.objectives > 1 && (request.history.length + request.running.length) % FRONT_EVERY !== 0
        ? forFirstObjective(request)
        : request,
    ),
};

/** By Pareto rank and crowding, and by the first objective alone, in turn. */
function order(history: readonly Observation[], level: number): readonly Observation[] {
  const front = ranked(history, level);
  if ((front[0]?.values?.length ?? 1) === 1) return front;
  const place = new Map(front.map((trial) => [trial.number, trial]));
  const best = ranked(byFirstObjective(history), level).map(({ number }) => place.get(number)!);
  return [...new Set(inTurn(front, best))];
}

function* inTurn<T>(front: readonly T[], best: readonly T[]): Generator<T> {
  let [a, b] = [0, 0];
  for (let turn = 0; a < front.length || b < best.length; turn++) {
    const next = turn % FRONT_EVERY === 0 ? front[a++] : best[b++];
    if (next !== undefined) yield next;
  }
}

/**
 * ASHA for several objectives and bounds (Schmucker et al. 2021): the best third of a rung by Pareto rank goes on. Beyond the
 * paper, new genomes come from a model of the good ones on the highest level that has enough trials (multi-objective TPE, Ozaki et
 * al. 2022), and two of three promotions and genomes are for the first objective alone: a front has many members, and few of them
 * are near its hardest end.
 */
export const moasha = ashaWith({
  name: 'moasha',
  description:
    'Asynchronous halving for several objectives and bounds (Schmucker et al. 2021), new genomes by TPE; two of three promotions and genomes are for the first objective.',
  sampler,
  order,
});
