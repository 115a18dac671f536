import { crossGenomes } from '../space/crossover.ts';
import { mutateGenome } from '../space/mutation.ts';
import { rankedBy } from './population.ts';
import { firstAcceptable, proposalOr } from './proposing.ts';
import { comparable } from './ranking.ts';
import type { Observation, Strategy } from './strategy.ts';

interface NsgaOptions {
  /** Trials that breed. */
  readonly population: number;
  /** Random trials before the first child. */
  readonly start: number;
  /** Share of children of two parents; the others are mutants of one. */
  readonly crossover: number;
}

const OPTIONS: NsgaOptions = { population: 24, start: 12, crossover: 0.6 };

/** Steady state: every proposal breeds from the best of all trials so far, as fits trials that end one by one. */
export const nsga = (
  name: string,
  description: string,
  order: (front: readonly Observation[]) => readonly Observation[],
  { population, start, crossover }: NsgaOptions = OPTIONS,
): Strategy => ({
  name,
  description,
  suggest(request) {
    const { space, history, random } = request;
    const parents = rankedBy(comparable(history, start), population, order);
    if (parents.length < Math.min(start, population)) return proposalOr(request, null);
    // A binary tournament: the earlier of two in the ranking.
    const pick = () => parents[Math.min(random.int(parents.length), random.int(parents.length))]!.genome;
    return proposalOr(
      request,
      firstAcceptable(request, (attempt) => {
        const steps = 1 + Math.floor(attempt / 16);
        if (random.next() >= crossover) return mutateGenome(space, pick(), random, steps);
        const child = crossGenomes(space, pick(), pick(), random);
        return attempt === 0 && random.next() < 0.5 ? child : mutateGenome(space, child, random, steps);
      }),
    );
  },
});
