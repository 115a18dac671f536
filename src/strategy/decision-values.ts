/** What genomes decided, by path: the view of strategies that learn each decision by itself. */
import { encodeCategorical, encodingSlots } from '../space/encoding.ts';
import type { Genome } from '../space/genome.ts';
import type { SearchSpace } from '../space/space.ts';

/** The slots of a space with the number of outcomes; null where a number is decided, 0..1. */
export const decisionSlots = (
  space: Pick<SearchSpace, 'root'>,
): readonly { readonly path: string; readonly outcomes: number | null }[] =>
  encodingSlots(space).map(({ path, outcomes }) => ({
    path,
    outcomes: Array.isArray(outcomes) ? outcomes.length : null,
  }));

const cache = new WeakMap<object, Float64Array>();

/** By slot: the index of the outcome, or a number's place in its range; -1 where the decision is not taken. Cached. */
export function decisionValues(space: Pick<SearchSpace, 'root'>, genome: Genome): Float64Array {
  if (typeof genome !== 'object' || genome === null) return encodeCategorical(space, genome);
  let values = cache.get(genome);
  if (values === undefined) {
    values = encodeCategorical(space, genome);
    cache.set(genome, values);
  }
  return values;
}
