import { nsga2 } from './nsga.ts';
import { randomSearch } from './random.ts';
import { promoted, proposedAt, REDUCTION, ranked } from './rungs.ts';
import type { Proposal, Strategy, SuggestRequest } from './strategy.ts';
import { tpe } from './tpe.ts';

/** Levels of the ladder: one in nine trials is evaluated fully. */
const LEVELS = 3;

interface AshaOptions {
  readonly name: string;
  readonly description: string;
  /** Names new genomes. */
  readonly sampler: Strategy;
}

/**
 * Asynchronous successive halving (Li et al. 2020): whenever a trial may start, the best third of a rung goes on, from the
 * highest rung down; where none may, a new genome begins at the lowest. No rung is waited for. Ranks within a rung go by
 * feasibility, then Pareto rank and crowding, so that several objectives and bounds are promoted alike (Schmucker et al.
 * 2021, MO-ASHA).
 */
export const ashaWith = ({ name, description, sampler }: AshaOptions): Strategy => ({
  name,
  description,
  levels: LEVELS,
  suggest: (request) => promotion(request) ?? fresh(request, sampler, 0),
});

/** A complete, not yet promoted trial among the best third of its rung; null when there is none. */
export function promotion(request: SuggestRequest): Proposal | null {
  for (let level = request.fidelities.length - 2; level >= 0; level--) {
    const rung = ranked(request.history, level);
    const already = proposedAt(request, level + 1);
    const next = rung
      .slice(0, Math.floor(rung.length / REDUCTION))
      .find((o) => o.state === 'complete' && !already.has(o.hash));
    if (next !== undefined) return promoted(next);
  }
  return null;
}

/** A new genome at a level. */
export function fresh(request: SuggestRequest, sampler: Strategy, fidelity: number): Proposal | null {
  const proposal = sampler.suggest(request);
  return proposal === null ? null : { genome: proposal.genome, fidelity };
}

export const asha = ashaWith({
  name: 'asha',
  description:
    'Asynchronous successive halving: the best third of each rung goes on; knows bounds and several objectives (Li et al. 2020).',
  sampler: randomSearch,
});

/**
 * ASHA for several objectives and bounds (Schmucker et al. 2021): as `asha` promotes, and new genomes are bred from the
 * front of the highest level that has enough trials.
 */
export const moasha = ashaWith({
  name: 'moasha',
  description:
    'Asynchronous halving for several objectives and bounds, new genomes bred from the front (Schmucker et al. 2021).',
  sampler: nsga2,
});

/** Successive halving whose new genomes come from TPE: the model of BOHB without its brackets (Klein et al. 2020). */
export const modelAsha = ashaWith({
  name: 'tpe-asha',
  description: 'Asynchronous successive halving with new genomes by TPE (Klein et al. 2020).',
  sampler: tpe,
});
