/** Steps that several strategies take to a genome that may be proposed. */
import type { Genome } from '../space/genome.ts';
import { mutateGenome } from '../space/mutation.ts';
import { randomSearch } from './random.ts';
import type { Proposal, SuggestRequest } from './strategy.ts';

/** Genomes tried before giving up: bounds or repetition may forbid many. */
const ATTEMPTS = 64;

/** The first acceptable one of the genomes that `make` gives; null after 64 in vain. */
export function firstAcceptable(
  { accept }: SuggestRequest,
  make: (attempt: number) => Genome,
): Genome | null {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const genome = make(attempt);
    if (accept(genome)) return genome;
  }
  return null;
}

/** A mutant of what `parent` gives. Later attempts step further: around a good parent the neighbours may all be known. */
export const mutantOf = (request: SuggestRequest, parent: () => Genome): Genome | null =>
  firstAcceptable(request, (attempt) =>
    mutateGenome(request.space, parent(), request.random, 1 + Math.floor(attempt / 16)),
  );

/** The genome, or a random one where there is none; null when nothing is left. */
export const proposalOr = (request: SuggestRequest, genome: Genome | null): Proposal | null =>
  genome === null ? randomSearch.suggest(request) : { genome };
