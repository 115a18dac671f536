/** A random network, also of spaces of which some genomes cannot be built. */
import type { Network, NetworkIO } from '../network/network.ts';
import type { Random } from '../random.ts';
import { cannotBeBuilt } from './build-network.ts';
import type { Genome } from './genome.ts';
import { sampleGenome } from './sampling.ts';
import type { SearchSpace } from './space.ts';

const DRAWS = 1000;

/** Draws genomes until one can be built for `io`. @throws the last draw's EspalierError after 1,000 draws */
export function sampleNetwork(
  space: SearchSpace,
  random: Random,
  io: NetworkIO,
  uniformOver?: 'genomes' | 'decisions',
): { readonly genome: Genome; readonly network: Network } {
  for (let draw = 1; ; draw++) {
    const genome = sampleGenome(space, random, uniformOver);
    try {
      return { genome, network: space.build(genome, io) };
    } catch (error) {
      if (!cannotBeBuilt(error) || draw === DRAWS) throw error;
    }
  }
}
