/** The part of a network that its outputs depend on. */
import type { Network, NetworkNode } from './network.ts';

/**
 * Zeros are not added (a NAS-Bench-201 cell is full of them; a sum of nothing else is a zero itself), and nodes that no
 * output needs any more are left out. The values of the outputs are the same.
 */
export function liveNetwork(network: Network): Network {
  const zeros = new Set<string>();
  const nodes = network.nodes.map((node) => withoutZeros(node, zeros));
  const needed = new Set(network.outputs);
  // Nodes stand after what they read.
  for (const { id, inputs } of nodes.toReversed())
    if (needed.has(id)) for (const input of inputs) needed.add(input);
  const live = nodes.filter(({ id }) => needed.has(id));
  const same = live.length === network.nodes.length && live.every((node, i) => node === network.nodes[i]);
  return same ? network : { ...network, nodes: live };
}

/** @param zeros ids of the nodes so far whose value is zero; the node's own is added when it is one */
function withoutZeros(node: NetworkNode, zeros: Set<string>): NetworkNode {
  const { id, operator, inputs } = node;
  if (operator.kind === 'zero') zeros.add(id);
  if (operator.kind !== 'add') return node;
  const summands = inputs.filter((i) => !zeros.has(i));
  if (summands.length === inputs.length) return node;
  if (summands.length > 0) return { ...node, inputs: summands };
  zeros.add(id);
  return { ...node, inputs: inputs.slice(0, 1) };
}
