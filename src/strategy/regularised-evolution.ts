/** Regularised evolution (Real et al. 2019): the youngest live, tournaments choose parents, one mutation a child. */
import { mutantOf, proposalOr } from './proposing.ts';
import { best, isComplete } from './ranking.ts';
import type { Observation, Strategy } from './strategy.ts';

export interface EvolutionOptions {
  /** Complete trials that form the population: the latest ones. */
  readonly population: number;
  /** Members drawn for a tournament. */
  readonly sample: number;
  /** Random trials before the first child. */
  readonly start: number;
}

export const regularisedEvolution = (options: EvolutionOptions): Strategy => ({
  name: 'evolution',
  description:
    'Regularised evolution: tournaments among the latest trials, one mutation a child (Real et al. 2019).',
  suggest(request) {
    const population = youngest(request.history, options.population);
    if (population.length < options.start) return proposalOr(request, null);
    const rivals = () => Array.from({ length: options.sample }, () => request.random.pick(population));
    return proposalOr(
      request,
      mutantOf(request, () => best(rivals()).genome),
    );
  },
});

/** The latest complete trials, oldest first; looks back no further than needed. */
function youngest(history: readonly Observation[], count: number): Observation[] {
  const found: Observation[] = [];
  for (let i = history.length - 1; i >= 0 && found.length < count; i--)
    if (isComplete(history[i]!)) found.push(history[i]!);
  return found.reverse();
}
