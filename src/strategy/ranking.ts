/** Order among observations: feasible ones first, then by Pareto rank, then by crowding (Deb et al. 2002, NSGA-II). */
import { crowdingDistances, paretoRanks } from './pareto.ts';
import type { Observation } from './strategy.ts';

/** Complete with finite values: what a strategy can learn from. */
export function isComplete({ state, values }: Observation): boolean {
  return state === 'complete' && values?.every(Number.isFinite) === true;
}

/**
 * The complete trials of the highest fidelity that has `enough` of them, or of the one that has the most: values of two
 * fidelities do not compare (Falkner et al. 2018 choose so too).
 */
export function comparable(history: readonly Observation[], enough: number): Observation[] {
  const levels: Observation[][] = [];
  for (const trial of history)
    if (isComplete(trial)) {
      levels[trial.fidelity] ??= [];
      levels[trial.fidelity]!.push(trial);
    }
  let found: Observation[] = [];
  for (const level of levels)
    if (level !== undefined && (level.length >= enough || level.length > found.length)) found = level;
  return found;
}

/**
 * The best of a few complete observations. With one objective the highest value wins; with several, the lowest Pareto
 * rank and then the least crowded. Feasible ones always beat infeasible ones, and of those the one that breaks the bounds
 * the least wins (Deb 2000); ties go to the later.
 */
export function best(candidates: readonly Observation[]): Observation {
  const feasible = candidates.filter((o) => o.feasible);
  const pool = feasible.length > 0 ? feasible : leastViolating(candidates);
  const values = pool.map((o) => o.values!);
  if (values[0]!.length === 1) {
    return pool.reduce((a, b) => (b.values![0]! >= a.values![0]! ? b : a));
  }
  const ranks = paretoRanks(values);
  const front = pool.filter((_, i) => ranks[i] === 0);
  const crowding = crowdingDistances(front.map((o) => o.values!));
  return front[crowding.indexOf(Math.max(...crowding))]!;
}

/** By how much constraints are broken; of an infeasible trial of which that is not known, as much as can be. */
export const violationOf = ({ feasible, violation }: Observation): number =>
  feasible ? 0 : violation !== undefined && violation > 0 ? violation : Number.MAX_VALUE;

function leastViolating(infeasible: readonly Observation[]): readonly Observation[] {
  const least = Math.min(...infeasible.map(violationOf));
  return infeasible.filter((o) => violationOf(o) === least);
}
