import type { OnnxGraph, OnnxNode } from './model.ts';

/** The graph without nodes that no output is worked out of. Nodes come before those that read them, as in any graph. */
export function withoutUnread(graph: OnnxGraph): OnnxGraph {
  const read = new Set(graph.outputs.map(({ name }) => name));
  const nodes: OnnxNode[] = [];
  for (const node of graph.nodes.toReversed()) {
    if (!node.outputs.some((output) => read.has(output))) continue;
    for (const input of node.inputs) read.add(input);
    nodes.push(node);
  }
  return { ...graph, nodes: nodes.reverse() };
}
