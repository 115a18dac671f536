/**
 * Brings a model from elsewhere into the form that Espalier's passes read: one operator set, shapes known, and everything
 * computed that depends on no weight and no data (exporters write shapes as chains of operators).
 */

import { fail } from '../../errors.ts';
import { isFloat } from '../element-type.ts';
import { OPSET } from '../graph-builder.ts';
import type { OnnxModel, OnnxNode, Tensor, ValueInfo } from '../model.ts';
import type { ValueType } from '../shape-rules/context.ts';
import { SHAPE_RULES } from '../shape-rules.ts';
import { exposeWeights } from './expose-weights.ts';
import type { Fold } from './fold-context.ts';
import { ELEMENTWISE_FOLDS } from './fold-elementwise.ts';
import { STRUCTURE_FOLDS } from './fold-structure.ts';
import { UPGRADES } from './upgrades.ts';

/** Older ones differ in more than form. */
const OLDEST = 11;
/** What later ones change is not known. */
const NEWEST = 26;
/** Larger results stay in the graph: they are data rather than shapes. */
const LARGEST_FOLD = 1 << 16;

const FOLDS: Readonly<Record<string, Fold>> = { ...ELEMENTWISE_FOLDS, ...STRUCTURE_FOLDS };

/**
 * An equal model in operator set {@link OPSET}, or the newer one that it has. Weights and values keep their names; what
 * was computed from constants is read from Constant nodes, so that no new weights appear.
 *
 * @param dimensions sizes of symbolic axes; those without a size stay symbolic, and shapes that depend on them computed
 * @param isWeight initialisers of rank 0 that train: they are read where they stand, as other weights are
 * @throws ONNX_READ when the operator set is older than 11 or newer than 26
 */
export function normaliseModel(
  source: OnnxModel,
  dimensions: Readonly<Record<string, number>> = {},
  isWeight: (name: string) => boolean = () => false,
): OnnxModel {
  const version = source.opsets[''] ?? source.opsets['ai.onnx'] ?? OPSET;
  if (version < OLDEST || version > NEWEST)
    fail('ONNX_READ', {
      path: source.graph.name || 'the model',
      reason: `it is of operator set ${version}; ${OLDEST} to ${NEWEST} are handled`,
    });
  const model = exposeWeights(source);
  const { graph } = model;
  const inputs = graph.inputs
    .filter((i) => !graph.initializers.has(i.name))
    .map((i) => ({ ...i, shape: i.shape.map((d) => (typeof d === 'string' ? (dimensions[d] ?? d) : d)) }));
  const walk = createWalk(version, graph.initializers, inputs, takenNames(model), isWeight);
  for (const node of graph.nodes) walk.visit(node);
  const nodes = walk.finish(graph.outputs.map((o) => o.name));
  const used = new Set(nodes.flatMap((n) => n.inputs));
  for (const output of graph.outputs) used.add(output.name);
  return {
    ...model,
    opsets: { ...model.opsets, '': Math.max(version, OPSET) },
    graph: {
      ...graph,
      inputs,
      nodes,
      initializers: new Map([...graph.initializers].filter(([name]) => used.has(name))),
    },
  };
}

const takenNames = ({ graph }: OnnxModel): Set<string> =>
  new Set([
    ...graph.inputs.map((i) => i.name),
    ...graph.initializers.keys(),
    ...graph.nodes.flatMap((n) => [n.name, ...n.outputs]),
  ]);

/** Goes through the nodes in order, with what is known of every value so far. */
function createWalk(
  version: number,
  initializers: ReadonlyMap<string, Tensor>,
  inputs: readonly ValueInfo[],
  taken: Set<string>,
  isWeight: (name: string) => boolean,
) {
  const types = new Map<string, ValueType>(initializers);
  for (const input of inputs) if (!input.unranked) types.set(input.name, input);
  /** Values known now; those of them that no initialiser holds become Constant nodes where they are read. */
  const known = new Map([...initializers].filter(([name, tensor]) => !mayTrain(tensor) && !isWeight(name)));
  const emitted: OnnxNode[] = [];
  const fresh = (wanted: string): string => {
    let name = wanted;
    for (let i = 1; taken.has(name); i++) name = `${wanted}~${i}`;
    taken.add(name);
    return name;
  };
  const remember = (name: string, tensor: Tensor): void => {
    known.set(name, tensor);
    types.set(name, tensor);
  };
  const define = (tensor: Tensor): string => {
    const name = fresh('constant');
    remember(name, tensor);
    return name;
  };
  const constant = (name: string | undefined): Tensor | null =>
    known.get(name ?? '') ?? initializers.get(name ?? '') ?? null;

  const emit = (node: OnnxNode): void => {
    const results = infer(node, types, constant);
    const folded = fold(node, types, known, results?.[0] ?? null);
    if (folded !== null) {
      remember(node.outputs[0]!, folded);
      return;
    }
    node.outputs.forEach((output, i) => {
      const type = results?.[i];
      if (output !== '' && type) types.set(output, type);
    });
    emitted.push(node);
  };

  return {
    visit(node: OnnxNode): void {
      const type = (value: string): ValueType | null => types.get(value) ?? null;
      const upgrade = node.domain === '' ? UPGRADES[node.op] : undefined;
      for (const part of upgrade?.({ version, node, type, constant, define, fresh }) ?? [node]) emit(part);
    },
    finish(outputs: readonly string[]): OnnxNode[] {
      const read = new Set([...emitted.flatMap((n) => n.inputs), ...outputs]);
      const constants = [...known].filter(([name]) => read.has(name) && !initializers.has(name));
      return [...constants.map(([name, tensor]) => constantNode(name, tensor)), ...emitted];
    },
  };
}

/** Weights are read where they stand: folded into another tensor they would not train. */
const mayTrain = (tensor: Tensor): boolean => isFloat(tensor.dtype) && tensor.shape.length > 0;

const constantNode = (name: string, value: Tensor): OnnxNode => ({
  name,
  op: 'Constant',
  domain: '',
  inputs: [],
  outputs: [name],
  attributes: { value: { type: 'tensor', value } },
});

/** Types of the outputs; null when they depend on what is only known when the model runs. */
function infer(
  node: OnnxNode,
  types: ReadonlyMap<string, ValueType>,
  constant: (name: string | undefined) => Tensor | null,
): readonly ValueType[] | null {
  const rule = SHAPE_RULES[node.op];
  if (!rule || node.inputs.some((i) => i !== '' && !types.has(i))) return null;
  const { op, name, attributes } = node;
  try {
    return rule({
      op,
      name,
      attributes,
      inputs: node.inputs.map((i) => types.get(i) ?? null),
      constant: (index) => constant(node.inputs[index]),
      outputCount: node.outputs.length,
    });
  } catch {
    // What is wrong, if anything, is said by the graph builder, which knows all sizes.
    return null;
  }
}

/** The value of the node's only output where it can be known now. */
function fold(
  node: OnnxNode,
  types: ReadonlyMap<string, ValueType>,
  known: ReadonlyMap<string, Tensor>,
  output: ValueType | null,
): Tensor | null {
  if (node.domain !== '' || output === null || output.shape.some((d) => typeof d === 'string')) return null;
  const value = node.attributes.value;
  if (node.op === 'Constant') return value?.type === 'tensor' ? value.value : null;
  const shape = output.shape as readonly number[];
  if (node.op === 'Shape' || node.op === 'Size') return shapeValue(node, types.get(node.inputs[0]!)!);
  const compute = FOLDS[node.op];
  const inputs = node.inputs.map((i) => known.get(i) ?? null);
  const isKnown = node.inputs.every((name, i) => name === '' || inputs[i] !== null);
  const isSmall = shape.reduce((a, b) => a * b, 1) <= LARGEST_FOLD;
  if (!compute || !isKnown || !isSmall || node.outputs.length !== 1) return null;
  return compute({ node, inputs, output: { dtype: output.dtype, shape } });
}

function shapeValue(node: OnnxNode, { shape }: ValueType): Tensor | null {
  if (node.op === 'Size')
    return shape.every((d) => typeof d === 'number')
      ? { dtype: 'int64', shape: [], data: BigInt64Array.of(BigInt(shape.reduce((a, b) => a * b, 1))) }
      : null;
  const { start, end } = node.attributes;
  const part = shape.slice(
    start?.type === 'int' ? start.value : 0,
    end?.type === 'int' ? end.value : shape.length,
  );
  if (part.some((d) => typeof d === 'string')) return null;
  return { dtype: 'int64', shape: [part.length], data: BigInt64Array.from(part as number[], BigInt) };
}
