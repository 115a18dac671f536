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
import { type ReducedGraph, reduceNetwork } from './reduce.ts';

/**
 * SHA-256 (hex) of a network's canonical form. Equal for genomes that build the same network: without regard to ids,
 * order of nodes and of commutative inputs, dead branches, zeros and operators that change nothing. The weights' number
 * and sharing do matter: two branches of equal structure are not one branch.
 */
export function networkHash(network: Network): string {
  const graph = reduceNetwork(network);
  let colours = withInputs(
    graph,
    graph.nodes.map((node) => node.label),
  );
  let distinct = 0;
  for (;;) {
    colours = withInputs(graph, withConsumers(graph, colours));
    const now = new Set(colours).size;
    if (now === distinct) break;
    distinct = now;
  }
  const outputs = graph.outputs.map((output) => colours[output]);
  return hash('sha256', JSON.stringify([[...colours].sort(), outputs]), 'hex');
}

const digest = (parts: readonly unknown[]): string => hash('sha256', JSON.stringify(parts), 'base64');

/** Each node's colour with the new colours of its inputs, from input to output. */
function withInputs(graph: ReducedGraph, colours: readonly string[]): string[] {
  const result: string[] = [];
  for (const [i, node] of graph.nodes.entries()) {
    const inputs = node.inputs.map((input) => result[input]!);
    result.push(digest([colours[i], node.commutative ? inputs.sort() : inputs]));
  }
  return result;
}

/** Each node's colour with the new colours of its consumers and the place it takes there, from output to input. */
function withConsumers(graph: ReducedGraph, colours: readonly string[]): string[] {
  const uses: string[][] = graph.nodes.map(() => []);
  for (const [place, output] of graph.outputs.entries()) uses[output]!.push(`output ${place}`);
  const result = new Array<string>(graph.nodes.length);
  for (let i = graph.nodes.length - 1; i >= 0; i--) {
    const node = graph.nodes[i]!;
    const colour = digest([colours[i], uses[i]!.sort()]);
    result[i] = colour;
    for (const [place, input] of node.inputs.entries())
      uses[input]!.push(node.commutative ? colour : `${place} ${colour}`);
  }
  return result;
}
