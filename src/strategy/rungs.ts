/** Rungs: the trials of one fidelity, the best of which go on to the next (Jamieson & Talwalkar 2016). */
import { byCrowding, rankedBy } from './population.ts';
import { isComplete } from './ranking.ts';
import type { Observation, Proposal, SuggestRequest } from './strategy.ts';

/** One in so many goes on. */
export const REDUCTION = 3;

/** Finished trials of a level, the best first: feasible before infeasible, then by Pareto rank and crowding; failed last. */
export function ranked(history: readonly Observation[], level: number): Observation[] {
  const rung = history.filter((o) => o.fidelity === level);
  const complete = rung.filter(isComplete).sort((a, b) => a.number - b.number);
  const good = rankedBy(complete, complete.length, byCrowding);
  const taken = new Set(good);
  return [...good, ...rung.filter((o) => !taken.has(o))];
}

/** The hashes that were proposed at a level. */
export const proposedAt = (
  { history, running }: Pick<SuggestRequest, 'history' | 'running'>,
  level: number,
): ReadonlySet<string> =>
  new Set([...history, ...running].filter((trial) => trial.fidelity === level).map((trial) => trial.hash));

/** A trial's genome at the next level. */
export const promoted = ({ genome, fidelity }: Observation): Proposal => ({ genome, fidelity: fidelity + 1 });
