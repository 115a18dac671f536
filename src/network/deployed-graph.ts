/**
 * The ONNX graph of a network's deployed form as far as it can be told without weights, soon enough to look at every
 * candidate of a search: no shape is inferred twice, no name checked. For latency; files are made by network/deploy.ts.
 */
import type { GraphBuilder } from '../onnx/graph-builder.ts';
import type { OnnxGraph, OnnxNode, Tensor } from '../onnx/model.ts';
import type { Shape } from '../onnx/shape-rules.ts';
import { blankWeight } from './blank-weights.ts';
import { deployedNetwork } from './deployed-cost.ts';
import type { Network } from './network.ts';
import { lowerOperator } from './rules/lowering.ts';
import { networkShapes } from './rules/shape.ts';

export interface DeployedGraph {
  /**
   * For one image; weights are there without values, and under other names than in a file. Names of nodes are, or begin
   * with, those of the network's.
   */
  readonly graph: OnnxGraph;
  /** Of all values; constants have theirs in the graph. */
  readonly shapes: ReadonlyMap<string, Shape>;
  /** Scopes that stay in float in 8 bits. */
  readonly float: readonly string[];
}

/** By number: every graph has the same ones. */
const constantNames: string[] = [];
function constantName(index: number): string {
  constantNames[index] ??= `const_${index}`;
  return constantNames[index];
}

/** @throws SHAPE when the network is not well formed */
export function deployedGraph(network: Network): DeployedGraph {
  const form = deployedNetwork(network);
  const perImage = networkShapes(form);
  const initializers = new Map<string, Tensor>();
  const shapes = new Map<string, Shape>();
  const nodes: OnnxNode[] = [];
  /** Whatever a rule emits for an operator has the shape of its output, but for the values that it reads. */
  let shape: Shape = [];
  const constant = (tensor: Tensor): string => {
    const name = constantName(initializers.size);
    initializers.set(name, tensor);
    return name;
  };
  const g: Pick<GraphBuilder, 'op' | 'constant' | 'shape'> = {
    op: (op, inputs, attributes = {}, name = op) => {
      const output = shapes.has(name) ? `${name}~${nodes.length}` : name;
      nodes.push({ name: output, op, domain: '', inputs, outputs: [output], attributes });
      shapes.set(output, shape);
      return output;
    },
    constant,
    shape: (value) => shapes.get(value) ?? initializers.get(value)!.shape,
  };
  /** Values that do not bear the name of the node that they come from. */
  const renamed = new Map<string, string>();
  const read = (id: string): string => renamed.get(id) ?? id;
  for (const input of form.inputs) shapes.set(input.id, ofOneImage(input.shape));
  for (const { id, operator, inputs } of form.nodes) {
    const own = perImage.get(id)!;
    const input = perImage.get(inputs[0]!)!;
    shape = ofOneImage(own);
    const value = lowerOperator(operator, {
      g,
      id,
      inputs: renamed.size === 0 ? inputs : inputs.map(read),
      shape: own,
      weight: (suffix) => constant(blankWeight(operator, input, suffix)),
      training: false,
      batch: 1,
    });
    if (value !== id) renamed.set(id, value);
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

const ofOneImage = (shape: readonly number[]): Shape =>
  shape.length === 3 ? [1, shape[0]!, shape[1]!, shape[2]!] : [1, ...shape];
