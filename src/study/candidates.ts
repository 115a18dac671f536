/** Candidates of a study: genomes turned into networks, and whether they may be proposed. */
import { networkMacs } from '../network/cost.ts';
import { deployedCost } from '../network/deployed-cost.ts';
import type { Network, NetworkIO } from '../network/network.ts';
import type { Random } from '../random.ts';
import { cannotBeBuilt } from '../space/build-network.ts';
import { candidateHash, networkHash } from '../space/canonical.ts';
import type { Genome } from '../space/genome.ts';
import { mutateGenome } from '../space/mutation.ts';
import { readsInput, reducedGraph } from '../space/reduce.ts';
import { enumerateGenomes, sampleGenome } from '../space/sampling.ts';
import { spaceSize } from '../space/size.ts';
import type { SearchSpace } from '../space/space.ts';
import { type TrainingChoices, trainingOf } from '../space/training-choices.ts';
import { inSlices } from '../strategy/in-slices.ts';
import type { Foreseen } from './foreseen.ts';
import { violationOf } from './measure.ts';
import type { Constraint, Measures } from './trial.ts';

/** What is known of a candidate once its network was built. */
interface Facts {
  /** Of the network and, where the genome decides over it, of the training. */
  readonly hash: string;
  /** Of the network alone. */
  readonly networkHash: string;
  /** Null where the space chooses none. */
  readonly training: TrainingChoices | null;
  /** params, macs and memoryBytes as it is deployed; trainingMacs; and what else is foreseen. */
  readonly measures: Measures;
  /** By how much the bounds are broken: Σ ln(measure/max) over the broken ones; 0 when all hold. */
  readonly excess: number;
}

export interface Candidate extends Facts {
  readonly genome: Genome;
  /** Built when it is asked for, and kept for a while. */
  readonly network: Network;
}

export interface Candidates {
  /** Null when the genome cannot be built for this input, or its network does not depend on it. */
  of(genome: Genome): Candidate | null;
  /** Marks a network as proposed: it is not acceptable again. */
  propose(hash: string): void;
  accept(genome: Genome): boolean;
  draw(random: Random): Genome | null;
  /**
   * One genome of each candidate that can be built and meets the bounds, proposed or not; null when there are too many.
   * The first call may take seconds, unless {@link list} was waited for.
   */
  listed(): readonly Genome[] | null;
  /** False while a list can be made and is not made yet: {@link listed} would take its time. */
  isListed(): boolean;
  /**
   * Makes the list while other work goes on.
   * @param onProgress told the share of the genomes that is done
   * @throws what the signal was aborted with
   */
  list(signal?: AbortSignal, onProgress?: (share: number) => void): Promise<void>;
  /** The candidate that broke the bounds the least so far; null when none did. */
  nearest(): Measures | null;
  /** Why the first genome that could not be built, or reads no input, is refused; null when none was so far. */
  refusal(): string | null;
}

/** Uniform draws before walking downhill: a bound that one genome in fifty meets is still met uniformly. */
const DRAWS = 200;
const WALKS = 12;
const STEPS = 120;
/** Spaces up to this size are listed. */
const LISTED = 20_000n;
/** Facts are small, and those of a whole list fit; networks are not. */
const FACTS_KEPT = 50_000;
const NETWORKS_KEPT = 500;
const CONSTANT = 'no way leads from its input to its output, so that it answers every image alike';

export function createCandidates(
  space: SearchSpace,
  io: NetworkIO,
  constraints: readonly Constraint[],
  foreseen: Foreseen | null = null,
): Candidates {
  const facts = new Map<string, Facts | null>();
  /** The same by object: lists are gone through for every suggestion. Genomes are never changed. */
  const factsOf = new WeakMap<object, Facts | null>();
  const networks = new Map<string, Network>();
  const proposed = new Set<string>();
  let nearest: Facts | null = null;
  let refusal: string | null = null;

  const build = (genome: Genome): { readonly network: Network; readonly facts: Facts } | null => {
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
      if (!cannotBeBuilt(error)) throw error;
      refusal ??= error.message;
      return null;
    }
    // It answers the same whatever it is shown: there is nothing to train.
    if (!readsInput(reducedGraph(network))) {
      refusal ??= CONSTANT;
      return null;
    }
    const excess = violationOf(constraints, measures);
    const training = trainingOf(space, genome);
    const own = networkHash(network);
    const hash = candidateHash(own, training);
    return { network, facts: { hash, networkHash: own, training, measures, excess } };
  };
  const factsBy = (genome: Genome, key: string): Facts | null => {
    const known = facts.get(key);
    if (known !== undefined) return known;
    const built = build(genome);
    const found = built?.facts ?? null;
    keep(facts, key, found, FACTS_KEPT);
    if (built !== null) keep(networks, key, built.network, NETWORKS_KEPT);
    if (found !== null && found.excess > 0 && (nearest === null || found.excess < nearest.excess))
      nearest = found;
    return found;
  };
  const look = (genome: Genome): Facts | null => {
    if (typeof genome !== 'object' || genome === null) return factsBy(genome, JSON.stringify(genome));
    let found = factsOf.get(genome);
    if (found === undefined) {
      found = factsBy(genome, JSON.stringify(genome));
      factsOf.set(genome, found);
    }
    return found;
  };
  const networkOf = (genome: Genome): Network => {
    const key = JSON.stringify(genome);
    let network = networks.get(key);
    if (network === undefined) {
      network = space.build(genome, io);
      keep(networks, key, network, NETWORKS_KEPT);
    }
    return network;
  };
  const of = (genome: Genome): Candidate | null => {
    const found = look(genome);
    return found === null
      ? null
      : {
          ...found,
          genome,
          get network() {
            return networkOf(genome);
          },
        };
  };
  const accept = (genome: Genome): boolean => {
    const found = look(genome);
    return found !== null && found.excess === 0 && !proposed.has(found.hash);
  };

  /** From a random genome downhill in the excess; a mutation that is no worse is taken. */
  const walk = (random: Random): Genome | null => {
    let at = sampleGenome(space, random);
    let excess = look(at)?.excess ?? Number.POSITIVE_INFINITY;
    for (let step = 0; step < STEPS; step++) {
      if (accept(at)) return at;
      const next = mutateGenome(space, at, random);
      const value = look(next)?.excess ?? Number.POSITIVE_INFINITY;
      if (value <= excess) [at, excess] = [next, value];
    }
    return accept(at) ? at : null;
  };

  const size = spaceSize(space);
  const listing = size === null || size > LISTED ? null : allCandidates(space, look);
  const list: { found: readonly Genome[] | null } = { found: null };
  const remaining = function* (): Generator<number> {
    while (listing !== null && list.found === null) {
      const step = listing.next();
      if (step.done === true) list.found = step.value;
      else yield step.value / Number(size);
    }
  };
  const listed = (): readonly Genome[] | null => {
    for (const _ of remaining());
    return list.found;
  };

  return {
    of,
    accept,
    propose: (hash) => void proposed.add(hash),
    nearest: () => nearest?.measures ?? null,
    refusal: () => refusal,
    listed,
    isListed: () => listing === null || list.found !== null,
    list: (signal, onProgress) => inSlices(remaining(), signal, onProgress),
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

/** The oldest goes: strategies ask again for what they looked at last. */
function keep<V>(map: Map<string, V>, key: string, value: V, most: number): void {
  if (map.size >= most) map.delete(map.keys().next().value!);
  map.set(key, value);
}

/** The first genome of each acceptable candidate, in the space's order; yields how many genomes were looked at. */
function* allCandidates(
  space: SearchSpace,
  look: (genome: Genome) => Facts | null,
): Generator<number, readonly Genome[], undefined> {
  const found = new Map<string, Genome>();
  let count = 0;
  for (const genome of enumerateGenomes(space)) {
    const facts = look(genome);
    if (facts !== null && facts.excess === 0 && !found.has(facts.hash)) found.set(facts.hash, genome);
    yield ++count;
  }
  return [...found.values()];
}
