/**
 * The ONNX graph of a network's deployed form as far as it can be told without weights, soon enough to look at every
 * candidate of a search: no shape is inferred twice, no name checked. For latency; files are made by network/deploy.ts.
 */
import type { GraphBuilder } from '../onnx/graph-builder.ts';
import type { OnnxGraph, OnnxNode, Tensor } from '../onnx/model.ts';
import type { Shape } from '../onnx/shape-rules.ts';
import { blankWeights } from './blank-weights.ts';
import { deployedNetwork } from './deployed-cost.ts';
import type { Network } from './network.ts';
import { lowerOperator } from './rules/lowering.ts';
import { networkShapes } from './rules/shape.ts';

export interface DeployedGraph {
  /** For one image; weights are there without values. Names of nodes are, or begin with, those of the network's. */
  readonly graph: OnnxGraph;
  /** Of all values and initialisers. */
  readonly shapes: ReadonlyMap<string, Shape>;
  /** Scopes that stay in float in 8 bits. */
  readonly float: readonly string[];
}

/** @throws SHAPE when the network is not well formed */
export function deployedGraph(network: Network): DeployedGraph {
  const form = deployedNetwork(network);
  const perImage = networkShapes(form);
  const initializers: Map<string, Tensor> = blankWeights(form);
  const shapes = new Map<string, Shape>();
  for (const [name, { shape }] of initializers) shapes.set(name, shape);
  const nodes: OnnxNode[] = [];
  /** Whatever a rule emits for an operator has the shape of its output, but for the values that it reads. */
  let shape: Shape = [];
  const g: Pick<GraphBuilder, 'op' | 'constant' | 'shape'> = {
    op: (op, inputs, attributes = {}, name = op) => {
      const output = shapes.has(name) ? `${name}~${nodes.length}` : name;
      nodes.push({ name: output, op, domain: '', inputs, outputs: [output], attributes });
      shapes.set(output, shape);
      return output;
    },
    constant: (tensor) => {
      const name = `const_${initializers.size}`;
      initializers.set(name, tensor);
      shapes.set(name, tensor.shape);
      return name;
    },
    shape: (value) => shapes.get(value)!,
  };
  const values = new Map<string, string>();
  const read = (id: string): string => values.get(id)!;
  for (const input of form.inputs) {
    shapes.set(input.id, [1, ...input.shape]);
    values.set(input.id, input.id);
  }
  for (const { id, operator, inputs } of form.nodes) {
    const own = perImage.get(id)!;
    shape = [1, ...own];
    const value = lowerOperator(operator, {
      g,
      id,
      inputs: inputs.map(read),
      shape: own,
      weight: (suffix) => `${id}.${suffix}`,
      training: false,
      batch: 1,
    });
    values.set(id, value);
  }
  const info = (name: string) => ({ name, dtype: 'float32' as const, shape: shapes.get(name)! });
  const graph: OnnxGraph = {
    name: 'network',
    inputs: form.inputs.map(({ id }) => info(id)),
    outputs: form.outputs.map((id) => info(read(id))),
    initializers,
    nodes,
  };
  return { graph, shapes, float: network.float ?? [] };
}
