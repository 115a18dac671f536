import type { Genome } from '../space/genome.ts';
import { regularisedEvolution } from './regularised-evolution.ts';
import { startingPoint } from './starting-points.ts';
import type { Observation, Strategy } from './strategy.ts';

export interface WarmStart {
  /** Proposed first, in order, where they are acceptable. */
  readonly genomes?: readonly Genome[];
  /** Trials of earlier studies of the same space and objectives: seen by the strategy, not repeated by their score. */
  readonly observations?: readonly Observation[];
  /** So many of the first trials are the favourites of the request's proxies. */
  readonly favourites?: number;
}

/** A strategy that begins with what is known already. */
export const warmStarted = (strategy: Strategy, warm: WarmStart): Strategy => ({
  ...strategy,
  suggest(request) {
    const given = warm.genomes?.find(request.accept);
    if (given !== undefined) return { genome: given };
    const index = request.history.length + request.running.length;
    if (index < (warm.favourites ?? 0)) {
      // Even places are the favourites', see startingPoint.
      const genome = startingPoint(request, 2 * index + 1000);
      if (genome !== null) return { genome };
    }
    const earlier = (warm.observations ?? []).map((o, i) => ({
      ...o,
      number: i - warm.observations!.length,
    }));
    return strategy.suggest({ ...request, history: [...earlier, ...request.history] });
  },
});

/** Evolution whose first population a zero-cost proxy chose among many (Abdelfattah et al. 2021). */
export const warmEvolution: Strategy = {
  ...warmStarted(regularisedEvolution({ population: 20, sample: 5, start: 8 }), { favourites: 8 }),
  name: 'warm-evolution',
  description: 'Evolution from the favourites of the cheap scores given (Abdelfattah et al. 2021).',
};
