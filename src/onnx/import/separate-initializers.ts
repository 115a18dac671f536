/** Undoes what exporters do to weights that happen to be equal. */
import type { OnnxModel, Tensor } from '../model.ts';

/**
 * PyTorch's exporter stores tensors of equal values once (all the ones and zeros of fresh batch norms) and reads the others
 * through Identity nodes. Each becomes an initialiser of its own again, under its own name, so that each trains for itself.
 * Weights that are one in the network (tied embeddings) are read under one name, and stay one.
 */
export function separateInitializers(model: OnnxModel): OnnxModel {
  const { graph } = model;
  const initializers = new Map<string, Tensor>(graph.initializers);
  const outputs = new Set(graph.outputs.map((o) => o.name));
  // An initialiser that is also an input may be given another value by the caller.
  const given = new Set(graph.inputs.map((i) => i.name));
  const nodes = graph.nodes.filter((node) => {
    const [from, to] = [node.inputs[0], node.outputs[0]!];
    const tensor = node.op === 'Identity' ? initializers.get(from!) : undefined;
    if (tensor === undefined || given.has(from!) || outputs.has(to)) return true;
    initializers.set(to, tensor);
    return false;
  });
  if (nodes.length === graph.nodes.length) return model;
  const used = new Set([...nodes.flatMap((n) => n.inputs), ...outputs]);
  const kept = new Map([...initializers].filter(([name]) => used.has(name)));
  return { ...model, graph: { ...graph, nodes, initializers: kept } };
}
