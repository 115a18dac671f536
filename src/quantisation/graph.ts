/** Questions about a graph, and small edits of it, that several passes share. */
import type { OnnxGraph, OnnxModel, OnnxNode, Tensor } from '../onnx/model.ts';

export interface GraphIndex {
  readonly producers: ReadonlyMap<string, OnnxNode>;
  /** Nodes that read a value, once for each input that does. */
  readers(value: string): readonly OnnxNode[];
  isOutput(value: string): boolean;
  /** A float32 constant that no caller can replace, or null. */
  constant(value: string | undefined): Tensor | null;
}

/** Producers and readers are looked for when somebody asks for them. */
export function indexGraph({ nodes, inputs, outputs, initializers }: OnnxGraph): GraphIndex {
  let producers: Map<string, OnnxNode> | null = null;
  let readers: Map<string, OnnxNode[]> | null = null;
  const outputNames = new Set(outputs.map((o) => o.name));
  const inputNames = new Set(inputs.map((i) => i.name));
  return {
    get producers() {
      if (producers === null) {
        producers = new Map();
        for (const node of nodes) for (const output of node.outputs) producers.set(output, node);
      }
      return producers;
    },
    readers(value) {
      readers ??= readersIn(nodes);
      return readers.get(value) ?? [];
    },
    isOutput: (value) => outputNames.has(value),
    constant(value) {
      const found = value === undefined || inputNames.has(value) ? undefined : initializers.get(value);
      return found?.dtype === 'float32' ? found : null;
    },
  };
}

function readersIn(nodes: readonly OnnxNode[]): Map<string, OnnxNode[]> {
  const readers = new Map<string, OnnxNode[]>();
  for (const node of nodes)
    for (const input of node.inputs) {
      const list = readers.get(input);
      if (list) list.push(node);
      else readers.set(input, [node]);
    }
  return readers;
}

/** The same model with other nodes and further constants; constants that nothing reads are dropped. */
export function withNodes(
  model: OnnxModel,
  nodes: readonly OnnxNode[],
  constants: Iterable<readonly [string, Tensor]> = [],
): OnnxModel {
  const used = new Set(model.graph.outputs.map(({ name }) => name));
  for (const node of nodes) for (const input of node.inputs) used.add(input);
  const initializers = new Map<string, Tensor>();
  for (const [name, tensor] of model.graph.initializers) if (used.has(name)) initializers.set(name, tensor);
  for (const [name, tensor] of constants) if (used.has(name)) initializers.set(name, tensor);
  // Up to IR version 3 constants were inputs too; a default that nothing reads any more is no input.
  const inputs = model.graph.inputs.filter((i) => !model.graph.initializers.has(i.name) || used.has(i.name));
  return { ...model, graph: { ...model.graph, nodes, initializers, inputs } };
}

/** Invents names that the graph does not have yet. */
export function freshNames({ nodes, inputs, initializers }: OnnxGraph): (wanted: string) => string {
  const taken = new Set<string>(initializers.keys());
  for (const { name } of inputs) taken.add(name);
  for (const { name, outputs } of nodes) {
    taken.add(name);
    for (const output of outputs) taken.add(output);
  }
  return (wanted) => {
    let name = wanted;
    for (let i = 2; taken.has(name); i++) name = `${wanted}~${i}`;
    taken.add(name);
    return name;
  };
}

/** A node of the standard domain with one output. */
export const makeNode = (
  op: string,
  name: string,
  inputs: readonly string[],
  output: string,
  attributes: OnnxNode['attributes'] = {},
): OnnxNode => ({ name, op, domain: '', inputs, outputs: [output], attributes });
