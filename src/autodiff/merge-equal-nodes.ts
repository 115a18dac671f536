/**
 * Layers that compute the same from the same value, as one: the activation before every edge that leaves a node of a cell, for
 * instance. Their gradients then meet before they go back through it, once.
 */
import type { OnnxGraph, OnnxNode } from '../onnx/model.ts';
import { nodeKey } from '../onnx/node-key.ts';

/** Every one moves running averages of its own. */
const WITH_STATE = new Set(['BatchNormalization']);

/** An equal graph, in which the first of equal nodes serves the readers of the others. Outputs of the graph keep their node. */
export function mergeEqualNodes(graph: OnnxGraph): OnnxGraph {
  const outputs = new Set(graph.outputs.map(({ name }) => name));
  const first = new Map<string, OnnxNode>();
  const servedBy = new Map<string, string>();
  const nodes: OnnxNode[] = [];
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((name) => servedBy.get(name) ?? name);
    const isWhole = !node.outputs.includes('');
    const key = isWhole && !WITH_STATE.has(node.op) ? nodeKey(node.op, inputs, node) : null;
    const same = key === null ? undefined : first.get(key);
    if (same !== undefined && !node.outputs.some((name) => outputs.has(name))) {
      node.outputs.forEach((name, i) => void servedBy.set(name, same.outputs[i]!));
      continue;
    }
    const kept = { ...node, inputs };
    if (key !== null && same === undefined) first.set(key, kept);
    nodes.push(kept);
  }
  return { ...graph, nodes };
}
