/** Candidates of a study: genomes turned into networks, and whether they may be proposed. */
import { EspalierError } from '../errors.ts';
import { networkMacs } from '../network/cost.ts';
import { deployedCost } from '../network/deployed-cost.ts';
import type { Network, NetworkIO } from '../network/network.ts';
import type { Random } from '../random.ts';
import { networkHash } from '../space/canonical.ts';
import type { Genome } from '../space/genome.ts';
import { mutateGenome } from '../space/mutation.ts';
import { enumerateGenomes, sampleGenome } from '../space/sampling.ts';
import { spaceSize } from '../space/size.ts';
import type { SearchSpace } from '../space/space.ts';
import type { Foreseen } from './definition.ts';
import { broken } from './measure.ts';
import type { Constraint, Measures } from './trial.ts';

export interface Candidate {
  readonly genome: Genome;
  readonly network: Network;
  readonly hash: string;
  /** params, macs and memoryBytes as it is deployed; trainingMacs; and what else is foreseen. */
  readonly measures: Measures;
  /** By how much the bounds are broken: Σ ln(measure/max) over the broken ones; 0 when all hold. */
  readonly excess: number;
}

export interface Candidates {
  /** Null when the genome cannot be built for this input. */
  of(genome: Genome): Candidate | null;
  /** Marks a network as proposed: it is not acceptable again. */
  propose(hash: string): void;
  accept(genome: Genome): boolean;
  draw(random: Random): Genome | null;
  /** Every genome that can be built and meets the bounds, proposed or not; null when there are too many. */
  listed(): readonly Genome[] | null;
  /** The candidate that broke the bounds the least so far; null when none did. */
  nearest(): Candidate | null;
}

/** Uniform draws before walking downhill: a bound that one genome in fifty meets is still met uniformly. */
const DRAWS = 200;
const WALKS = 12;
const STEPS = 120;
/** Spaces up to this size are listed when random draws find nothing new. */
const LISTED = 20_000n;
const CACHED = 5_000;

export function createCandidates(
  space: SearchSpace,
  io: NetworkIO,
  constraints: readonly Constraint[],
  foreseen: Foreseen | null = null,
): Candidates {
  const cache = new Map<string, Candidate | null>();
  const proposed = new Set<string>();
  let nearest: Candidate | null = null;

  const build = (genome: Genome): Candidate | null => {
    let network: Network;
    let measures: Measures;
    try {
      network = space.build(genome, io);
      measures = {
        ...deployedCost(network),
        trainingMacs: networkMacs(network),
        ...foreseen?.of(network),
      };
    } catch (error) {
      if (error instanceof EspalierError) return null;
      throw error;
    }
    const excess = broken(constraints, measures).reduce(
      (sum, c) => sum + Math.log(measures[c.measure]! / c.max),
      0,
    );
    return { genome, network, hash: networkHash(network), measures, excess };
  };
  const of = (genome: Genome): Candidate | null => {
    const key = JSON.stringify(genome);
    const known = cache.get(key);
    if (known !== undefined) return known;
    const candidate = build(genome);
    // The oldest goes: strategies ask again for what they looked at last.
    if (cache.size >= CACHED) cache.delete(cache.keys().next().value!);
    cache.set(key, candidate);
    if (candidate !== null && candidate.excess > 0 && (nearest === null || candidate.excess < nearest.excess))
      nearest = candidate;
    return candidate;
  };
  const accept = (genome: Genome): boolean => {
    const candidate = of(genome);
    return candidate !== null && candidate.excess === 0 && !proposed.has(candidate.hash);
  };

  /** From a random genome downhill in the excess; a mutation that is no worse is taken. */
  const walk = (random: Random): Genome | null => {
    let at = sampleGenome(space, random);
    let excess = of(at)?.excess ?? Number.POSITIVE_INFINITY;
    for (let step = 0; step < STEPS; step++) {
      if (accept(at)) return at;
      const next = mutateGenome(space, at, random);
      const value = of(next)?.excess ?? Number.POSITIVE_INFINITY;
      if (value <= excess) [at, excess] = [next, value];
    }
    return accept(at) ? at : null;
  };
  let list: readonly Genome[] | null | undefined;
  const listed = (): readonly Genome[] | null => {
    if (list === undefined) {
      const size = spaceSize(space);
      list =
        size === null || size > LISTED
          ? null
          : [...enumerateGenomes(space)].filter((genome) => of(genome)?.excess === 0);
    }
    return list;
  };

  return {
    of,
    accept,
    propose: (hash) => void proposed.add(hash),
    nearest: () => nearest,
    listed,
    draw(random) {
      for (let i = 0; i < DRAWS; i++) {
        const genome = sampleGenome(space, random.split('draw', i), 'decisions');
        if (accept(genome)) return genome;
      }
      for (let i = 0; i < WALKS; i++) {
        const genome = walk(random.split('walk', i));
        if (genome !== null) return genome;
      }
      const all = listed();
      return all === null ? null : (random.split('list').shuffle(all).find(accept) ?? null);
    },
  };
}
