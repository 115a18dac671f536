/**
 * What predictors see of a candidate: its choices one-hot, its cost in logarithms, and a histogram of its network's
 * neighbourhoods.
 *
 * The neighbourhoods are those of Weisfeiler & Leman (as the kernel of Shervashidze et al. 2011, used for architectures
 * by Ru et al. 2021), taken on the reduced network (space/reduce.ts), so that genomes that build the same network look
 * the same in that part, and networks that share structure look alike whatever the space's encoding.
 */
import { encodeOneHot } from '../../space/encoding.ts';
import type { Genome } from '../../space/genome.ts';
import { type ReducedGraph, reducedGraph } from '../../space/reduce.ts';
import type { SuggestRequest } from '../strategy.ts';

/** A candidate's features before standardisation. */
export interface RawFeatures {
  readonly choices: Float64Array;
  /** Logarithms of parameters, MACs and memory. */
  readonly cost: readonly number[];
  /** [number of the neighbourhood, how often it occurs]. */
  readonly neighbourhoods: ReadonlyMap<number, number>;
  /** The candidate's hash: equal for genomes that are one candidate. */
  readonly identity: string;
}

/** Goes up with every change of what this folder makes of a genome: files of another version are not read. */
export const FEATURE_VERSION = 4;

/** Rounds of refinement: a neighbourhood reaches so many operators back. */
const ROUNDS = 3;

export type FeatureSource = Pick<SuggestRequest, 'space' | 'inspect'>;

/** What was computed for one study, so that a suggestion pays for new candidates only. */
interface FeatureStore {
  readonly numbers: Map<string, number>;
  /** By genome as JSON: mutants of the same parents come again and again. */
  readonly raw: Map<string, RawFeatures>;
}

const stores = new WeakMap<SuggestRequest['inspect'], FeatureStore>();
/** Raw features kept; the listed genomes' are wanted only once, for the matrix. */
const KEPT = 4_000;

/** Features of a genome that can be built; kept for the next time. */
export function rawFeatures({ space, inspect }: FeatureSource, genome: Genome): RawFeatures {
  let store = stores.get(inspect);
  if (store === undefined) {
    store = { numbers: new Map(), raw: new Map() };
    stores.set(inspect, store);
  }
  const key = JSON.stringify(genome);
  const known = store.raw.get(key);
  if (known !== undefined) return known;
  const inspected = inspect(genome);
  const graph = inspected === null ? EMPTY : reducedGraph(inspected.network);
  const raw = {
    choices: encodeOneHot(space, genome),
    cost: ['params', 'macs', 'memoryBytes'].map((name) => Math.log1p(inspected?.measures[name] ?? 0)),
    neighbourhoods: neighbourhoods(graph, store.numbers),
    identity: inspected?.hash ?? '',
  };
  if (store.raw.size >= KEPT) store.raw.delete(store.raw.keys().next().value!);
  store.raw.set(key, raw);
  return raw;
}

const EMPTY: ReducedGraph = { nodes: [], outputs: [] };

/** How often each neighbourhood of up to ROUNDS operators occurs in the reduced network. */
function neighbourhoods({ nodes }: ReducedGraph, numbers: Map<string, number>): Map<number, number> {
  const numberOf = (text: string): number => {
    let number = numbers.get(text);
    if (number === undefined) {
      number = numbers.size;
      numbers.set(text, number);
    }
    return number;
  };
  const counts = new Map<number, number>();
  let colours = nodes.map((node) => numberOf(node.label));
  for (let round = 0; ; round++) {
    for (const colour of colours) counts.set(colour, (counts.get(colour) ?? 0) + 1);
    if (round === ROUNDS - 1) return counts;
    const before = colours;
    colours = nodes.map((node, i) => {
      const inputs = node.inputs.map((input) => before[input]!);
      if (node.commutative) inputs.sort((a, b) => a - b);
      return numberOf(`${before[i]}<${inputs.join(',')}`);
    });
  }
}
