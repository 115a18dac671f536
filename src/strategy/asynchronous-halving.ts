import { promoted, proposedAt, REDUCTION, ranked } from './rungs.ts';
import type { Observation, Proposal, Strategy, SuggestRequest } from './strategy.ts';

/** Levels of the ladder: one in nine trials is evaluated fully. */
const LEVELS = 3;

interface AshaOptions {
  readonly name: string;
  readonly description: string;
  /** Names new genomes. */
  readonly sampler: Strategy;
  /**
   * In what order the trials of a rung deserve to go on: by default by feasibility, then Pareto rank and crowding, so that
   * several objectives and bounds are promoted alike (Schmucker et al. 2021, MO-ASHA).
   */
  readonly order?: RungOrder;
}

/** The finished trials of a level, those that deserve to go on first; those that must not go on may be among them. */
export type RungOrder = (history: readonly Observation[], level: number) => readonly Observation[];

/**
 * Asynchronous successive halving (Li et al. 2020): whenever a trial may start, the best third of a rung goes on, from the
 * highest rung down; where none may, a new genome begins at the lowest. No rung is waited for.
 */
export const ashaWith = ({ name, description, sampler, order = ranked }: AshaOptions): Strategy => ({
  name,
  description,
  levels: LEVELS,
  suggest: (request) => promotion(request, order) ?? fresh(request, sampler, 0),
});

/**
 * A trial among the best third of its rung that was not promoted yet; null when there is none. Only such as keep within the
 * bounds and were trained to the end of their rung: the others cannot be results, however good their values.
 */
function promotion(request: SuggestRequest, order: RungOrder): Proposal | null {
  for (let level = request.fidelities.length - 2; level >= 0; level--) {
    const rung = order(request.history, level);
    const already = proposedAt(request, level + 1);
    const next = rung
      .slice(0, Math.floor(rung.length / REDUCTION))
      .find((o) => o.state === 'complete' && o.feasible && o.stopped !== true && !already.has(o.hash));
    if (next !== undefined) return promoted(next);
  }
  return null;
}

/** A new genome at a level. */
export function fresh(request: SuggestRequest, sampler: Strategy, fidelity: number): Proposal | null {
  const proposal = sampler.suggest(request);
  return proposal === null ? null : { genome: proposal.genome, fidelity };
}
