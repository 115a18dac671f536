import type { Genome } from '../space/genome.ts';
import { regularisedEvolution } from './regularised-evolution.ts';
import { favouriteOf } from './starting-points.ts';
import type { Observation, Strategy, SuggestRequest } from './strategy.ts';

/** What a search begins with before its strategy takes over. */
export interface WarmStart {
  /** Proposed first, in order, where they are acceptable; none by default. */
  readonly genomes?: readonly Genome[];
  /**
   * Trials of earlier studies of the same space and objectives, in the order in which they ended: the strategy sees
   * them before those of its own study. Whether their genomes may be proposed again is for `accept` to say. None by
   * default.
   */
  readonly observations?: readonly Observation[];
  /**
   * So many of the first trials are the favourites of the request's proxies (Abdelfattah et al. 2021); 0 by default.
   */
  readonly favourites?: number;
  /**
   * Each of the first `trials` is the best of `among` random genomes by a cheap score, of which more is better; none
   * by default.
   */
  readonly scored?: {
    /** How many of the first trials. */
    readonly trials: number;
    /** Genomes that are scored for each, ≥ 1. */
    readonly among: number;
    /** Pure; NaN where it cannot be computed: such a genome is taken where no other is there. */
    readonly score: (genome: Genome) => number;
  };
}

/**
 * A strategy that begins with what is known already: given genomes, then the proxies' favourites, then cheap scores;
 * after them the given strategy, which knows of the earlier trials. It keeps that one's name and description.
 */
export const warmStarted = (strategy: Strategy, warm: WarmStart): Strategy => ({
  ...strategy,
  prepare: (request) => strategy.prepare?.(withEarlier(request, warm)) ?? [],
  suggest(request) {
    const first = warm.genomes?.find(request.accept) ?? favourite(request, warm) ?? scored(request, warm);
    if (first !== null) return { genome: first };
    return strategy.suggest(withEarlier(request, warm));
  },
});

const withEarlier = (request: SuggestRequest, { observations = [] }: WarmStart): SuggestRequest => ({
  ...request,
  history: [...observations.map((o, i) => ({ ...o, number: i - observations.length })), ...request.history],
});

const trialIndex = ({ history, running }: SuggestRequest): number => history.length + running.length;

const favourite = (request: SuggestRequest, { favourites = 0 }: WarmStart): Genome | null =>
  trialIndex(request) < favourites ? favouriteOf(request) : null;

/** What cannot be scored is not chosen while anything else can. */
function scored(request: SuggestRequest, { scored: cheap }: WarmStart): Genome | null {
  if (cheap === undefined || trialIndex(request) >= cheap.trials) return null;
  const stream = request.random.split('scored');
  let best: Genome | null = null;
  let highest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < cheap.among; i++) {
    const genome = request.draw(stream.split(i));
    if (genome === null) break;
    const value = cheap.score(genome);
    if (best === null || value > highest)
      [best, highest] = [genome, Number.isFinite(value) ? value : highest];
  }
  return best;
}

/** Evolution whose first population a zero-cost proxy chose among many (Abdelfattah et al. 2021). */
export const warmEvolution: Strategy = {
  ...warmStarted(regularisedEvolution({ population: 20, sample: 5, start: 8 }), { favourites: 8 }),
  name: 'warm-evolution',
  description: 'Evolution from the favourites of the cheap scores given (Abdelfattah et al. 2021).',
};
