/** What a space is, in one text: two spaces of equal digest are the same as far as anybody can tell from outside. */
import { hash } from 'node:crypto';
import type { NetworkIO } from '../network/network.ts';
import { createRandom } from '../random.ts';
import { networkHash } from './canonical.ts';
import type { Genome } from './genome.ts';
import { sampleGenome } from './sampling.ts';
import type { SearchSpace } from './space.ts';
import { canonicalTraining, trainingOf } from './training-choices.ts';

/** Networks that are looked at: with 48, an edit that changes one network in ten goes unseen once in 150 times. */
const SAMPLES = 48;

/**
 * SHA-256 (hex) over the choices, over networks that the space builds from them, and over their trainings where it
 * chooses those. Not over its source text, which changes with comments, with the compiler, and not with a function that it
 * imports. `io` is a size that it builds for.
 * @throws TRAINING when it chooses a training that cannot be
 */
export function spaceDigest(space: SearchSpace, io: NetworkIO): string {
  const random = createRandom('space digest');
  const genomes = Array.from({ length: SAMPLES }, (_, i) =>
    sampleGenome(space, random.split(i), 'decisions'),
  );
  const parts: unknown[] = [space.root, genomes.map((genome) => built(space, genome, io))];
  if (space.training !== undefined) parts.push(genomes.map((genome) => trained(space, genome)));
  return hash('sha256', JSON.stringify(parts), 'hex');
}

function built(space: SearchSpace, genome: Genome, io: NetworkIO): string {
  try {
    return networkHash(space.build(genome, io));
  } catch (error) {
    // Genomes that do not fit the input are part of some spaces.
    return String(error);
  }
}

function trained(space: SearchSpace, genome: Genome): string {
  const training = trainingOf(space, genome);
  return training === null ? '' : canonicalTraining(training);
}
