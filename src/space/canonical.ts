/**
 * The canonical hash of a network: equal for networks that are the same but for what does not matter.
 *
 * Two steps. First the graph is reduced (reduce.ts) by rules that keep the function it can learn. Then the remaining
 * graph is hashed from input to output (Merkle 1987), the inputs of a sum or product as a multiset, so that names and
 * order of nodes do not matter.
 *
 * A Merkle hash alone sees a graph as its unfolded tree: it cannot tell one branch used twice from two branches of equal
 * structure with weights of their own. The nodes' hashes are therefore refined with those of their consumers until no
 * more nodes are told apart (Weisfeiler & Leman 1968), and the multiset of all nodes' hashes is the network's. Equal
 * networks always get equal hashes; different ones could only collide where this refinement fails, on large regular
 * graphs of indistinguishable branches, which architectures do not contain.
 */
import { hash } from 'node:crypto';
import type { Network } from '../network/network.ts';
import { type ReducedGraph, reducedGraph } from './reduce.ts';
import { canonicalTraining, type TrainingChoices } from './training-choices.ts';

/**
 * SHA-256 (hex) of a network's canonical form. Equal for genomes that build the same network: without regard to ids,
 * order of nodes and of commutative inputs, dead branches, zeros and operators that change nothing. The weights'
 * number and sharing do matter: two branches of equal structure are not one branch. By colour refinement (Weisfeiler
 * and Leman 1968) over Merkle hashes (1987).
 * @throws SHAPE when the network is not well formed
 */
export function networkHash(network: Network): string {
  const graph = reducedGraph(network);
  const colours = labelColours(graph);
  withInputs(graph, colours);
  let distinct = 0;
  for (;;) {
    withConsumers(graph, colours);
    withInputs(graph, colours);
    const now = new Set(wholes(colours)).size;
    if (now === distinct) break;
    distinct = now;
  }
  const all = wholes(colours);
  const outputs = graph.outputs.map((output) => all[output]);
  return hash('sha256', JSON.stringify([[...all.sort()], outputs]), 'hex');
}

/** The hash of a candidate: of its network, and of its training where the genome decides over that. */
export function candidateHash(network: string, training: TrainingChoices | null): string {
  return training === null
    ? network
    : hash('sha256', JSON.stringify([network, canonicalTraining(training)]), 'hex');
}

/**
 * A colour for each node: two integers of 32 bits, mixed as MurmurHash3 does (Appleby 2011). A list of all genomes of a
 * space hashes millions of nodes; SHA-256 of each of them would take minutes.
 */
interface Colours {
  readonly high: Uint32Array;
  readonly low: Uint32Array;
}

/** The two halves are mixed with constants of their own, so that together they are as good as 64 bits. */
const HIGH = 0xcc9e2d51;
const LOW = 0x1b873593;

function mixed(value: number, constant: number): number {
  let x = Math.imul(value ^ (value >>> 16), 0x85ebca6b) ^ constant;
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

const joined = (first: number, second: number, constant: number): number =>
  mixed((Math.imul(first, 5) + 0xe6546b64) ^ mixed(second, constant), constant);

/** 53 bits of each colour as a number, which typed arrays sort and sets compare. */
const wholes = ({ high, low }: Colours): Float64Array =>
  Float64Array.from(high, (value, i) => value * 2 ** 21 + (low[i]! >>> 11));

function labelColours({ nodes }: ReducedGraph): Colours {
  const known = new Map<string, readonly [number, number]>();
  const colours = { high: new Uint32Array(nodes.length), low: new Uint32Array(nodes.length) };
  for (const [i, { label }] of nodes.entries()) {
    let pair = known.get(label);
    if (pair === undefined) {
      let [high, low] = [HIGH, LOW];
      for (let at = 0; at < label.length; at++) {
        const code = label.charCodeAt(at);
        high = joined(high, code, HIGH);
        low = joined(low, code, LOW);
      }
      pair = [high, low];
      known.set(label, pair);
    }
    [colours.high[i], colours.low[i]] = pair;
  }
  return colours;
}

/** Each node's colour with the new colours of its inputs, from input to output. Sums of mixed colours know no order. */
function withInputs({ nodes }: ReducedGraph, { high, low }: Colours): void {
  for (const [i, { inputs, commutative }] of nodes.entries()) {
    let [h, l] = [0, 0];
    for (const input of inputs)
      if (commutative) {
        h = (h + mixed(high[input]!, HIGH)) >>> 0;
        l = (l + mixed(low[input]!, LOW)) >>> 0;
      } else {
        h = joined(h, high[input]!, HIGH);
        l = joined(l, low[input]!, LOW);
      }
    high[i] = joined(joined(high[i]!, inputs.length, HIGH), h, HIGH);
    low[i] = joined(joined(low[i]!, inputs.length, LOW), l, LOW);
  }
}

/** Each node's colour with the new colours of its consumers and the place it takes there, from output to input. */
function withConsumers({ nodes, outputs }: ReducedGraph, { high, low }: Colours): void {
  const uses = { high: new Uint32Array(nodes.length), low: new Uint32Array(nodes.length) };
  const add = (node: number, h: number, l: number, place: number): void => {
    uses.high[node] = uses.high[node]! + joined(place, h, HIGH);
    uses.low[node] = uses.low[node]! + joined(place, l, LOW);
  };
  for (const [place, output] of outputs.entries()) add(output, HIGH, LOW, -1 - place);
  for (let i = nodes.length - 1; i >= 0; i--) {
    const { inputs, commutative } = nodes[i]!;
    high[i] = joined(high[i]!, uses.high[i]!, HIGH);
    low[i] = joined(low[i]!, uses.low[i]!, LOW);
    for (const [place, input] of inputs.entries()) add(input, high[i]!, low[i]!, commutative ? 0 : 1 + place);
  }
}
