import { encodeCategorical } from '../space/encoding.ts';
import type { Genome } from '../space/genome.ts';
import type { SearchSpace } from '../space/space.ts';

/** Equal for genomes that a table holds as one architecture. */
export const genomeKey = (space: SearchSpace): ((genome: Genome) => string) =>
  space.identity ?? ((genome) => encodeCategorical(space, genome).join(','));
