/** Regularised evolution (Real et al. 2019): the youngest live, tournaments choose parents, one mutation a child. */
import { mutateGenome } from '../space/mutation.ts';
import { randomSearch } from './random.ts';
import { best, isComplete } from './ranking.ts';
import type { Observation, Strategy, SuggestRequest } from './strategy.ts';

export interface EvolutionOptions {
  /** Complete trials that form the population: the latest ones. */
  readonly population: number;
  /** Members drawn for a tournament. */
  readonly sample: number;
  /** Random trials before the first child. */
  readonly start: number;
}

/** Mutations tried before giving up on a parent: bounds or repetition may forbid many. */
const ATTEMPTS = 64;

export const regularisedEvolution = (options: EvolutionOptions): Strategy => ({
  name: 'evolution',
  description:
    'Regularised evolution: tournaments among the latest trials, one mutation a child (Real et al. 2019).',
  suggest(request) {
    const population = youngest(request.history, options.population);
    const genome = population.length < options.start ? null : child(request, population, options.sample);
    return genome === null ? randomSearch.suggest(request) : { genome };
  },
});

/** The latest complete trials, oldest first; looks back no further than needed. */
function youngest(history: readonly Observation[], count: number): Observation[] {
  const found: Observation[] = [];
  for (let i = history.length - 1; i >= 0 && found.length < count; i--)
    if (isComplete(history[i]!)) found.push(history[i]!);
  return found.reverse();
}

function child(
  { space, random, accept }: SuggestRequest,
  population: readonly Observation[],
  sample: number,
) {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const rivals = Array.from({ length: sample }, () => random.pick(population));
    // Later attempts step further: around a good parent the neighbours may all be known.
    const steps = 1 + Math.floor(attempt / 16);
    const genome = mutateGenome(space, best(rivals).genome, random, steps);
    if (accept(genome)) return genome;
  }
  return null;
}
