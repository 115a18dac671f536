/** The layers of any ONNX model with their shapes and costs, in float or in 8 bits. */
import { parseEinsum } from './einsum.ts';
import { isFloat } from './element-type.ts';
import { imageBatch } from './image-batch.ts';
import { normaliseModel } from './import/normalise.ts';
import type { OnnxModel, OnnxNode } from './model.ts';
import { intAttribute, SHAPE_RULES, type Shape, stringAttribute, type ValueType } from './shape-rules.ts';

export interface ModelLayer {
  readonly name: string;
  readonly op: string;
  /** Null when it cannot be inferred. */
  readonly shape: Shape | null;
  /** Elements of the constants that only this layer, or this layer first, reads. */
  readonly params: number;
  /**
   * For one image, whatever number of them the model takes at once; 0 for operators that hardly multiply, null when the shapes
   * are not known.
   */
  readonly macs: number | null;
}

const product = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** Elements of a shape with every symbolic axis (the batch) as 1. */
const elements = (shape: Shape): number => product(shape.map((dim) => (typeof dim === 'number' ? dim : 1)));

type MacsRule = (node: OnnxNode, inputs: readonly (ValueType | null)[], output: Shape) => number;

const last = (shape: Shape): number => elements(shape.slice(-1));

/** In every step the input meets all weights, and the state all recurrence weights, of each direction. */
const recurrent: MacsRule = (_, [x, w, r]) =>
  elements((x?.shape ?? []).slice(0, 2)) * (elements(w?.shape ?? []) + elements(r?.shape ?? []));

const MACS: Readonly<Record<string, MacsRule>> = {
  // Each output element sums over the kernel and the input channels of its group: a weight's size without axis 0.
  Conv: (_, inputs, output) => elements(output) * elements((inputs[1]?.shape ?? []).slice(1)),
  // The same from the other side: each input element is spread over them.
  ConvTranspose: (_, inputs) =>
    elements(inputs[0]?.shape ?? []) * elements((inputs[1]?.shape ?? []).slice(1)),
  Gemm: (node, inputs, output) => {
    const [rows, columns] = inputs[0]?.shape ?? [];
    return (
      elements(output) * elements([(intAttribute(node.attributes, 'transA', 0) === 1 ? rows : columns) ?? 1])
    );
  },
  MatMul: (_, inputs, output) => elements(output) * last(inputs[0]?.shape ?? []),
  // One product for each combination of all axes.
  Einsum: (node, inputs) => {
    const shapes = inputs.map((i) => i?.shape ?? []);
    const equation = parseEinsum(
      stringAttribute(node.attributes, 'equation', ''),
      shapes.map((s) => s.length),
    );
    const sizes = new Map<string, number>();
    equation?.inputs.forEach((letters, i) => {
      [...letters].forEach((letter, axis) => {
        sizes.set(letter, Math.max(sizes.get(letter) ?? 1, elements(shapes[i]!.slice(axis, axis + 1))));
      });
    });
    return product([...sizes.values()]);
  },
  RNN: recurrent,
  GRU: recurrent,
  LSTM: recurrent,
};

/** The name of a node's first output that is asked for. */
const firstOutput = ({ outputs }: OnnxNode): string => outputs.find((name) => name !== '') ?? '';

/**
 * Layers in order. What cannot be inferred (operators without a rule, and what follows them) is null. Where a model computes
 * shapes from its symbolic axes, as exporters write reshapes, those axes are taken as 1.
 */
export function modelLayers(model: OnnxModel): ModelLayer[] {
  const { graph } = model;
  let types = inferTypes(graph, new Map());
  if (graph.nodes.some((node) => !types.has(firstOutput(node)))) types = inferTypes(graph, typesOfOne(model));
  const counted = new Set<string>();
  const images = imageBatch(graph) ?? 1;
  return graph.nodes.map((node) => {
    const own = weightInputs(node).filter((name) => graph.initializers.has(name) && !counted.has(name));
    for (const name of own) counted.add(name);
    const shape = types.get(firstOutput(node))?.shape ?? null;
    return {
      name: node.name,
      op: node.op,
      shape,
      params: own.reduce((sum, name) => sum + weights(graph, name, node.op), 0),
      macs: macsOf(node, types, shape, images),
    };
  });
}

function macsOf(
  node: OnnxNode,
  types: ReadonlyMap<string, ValueType>,
  shape: Shape | null,
  images: number,
): number | null {
  const rule = MACS[node.op];
  if (rule === undefined) return SHAPE_RULES[node.op] === undefined ? null : 0;
  const inputs = node.inputs.map((name) => types.get(name) ?? null);
  return shape === null ? null : rule(node, inputs, shape) / images;
}

/** Types of the values when every symbolic axis is 1; none for operator sets that are not handled. */
function typesOfOne(model: OnnxModel): ReadonlyMap<string, ValueType> {
  const axes = model.graph.inputs.flatMap(({ shape }) => shape.filter((d) => typeof d === 'string'));
  try {
    const { graph } = normaliseModel(model, Object.fromEntries(axes.map((axis) => [axis, 1])));
    return inferTypes(graph, new Map());
  } catch {
    return new Map();
  }
}

/** @param known types of values that cannot be inferred */
function inferTypes(
  graph: OnnxModel['graph'],
  known: ReadonlyMap<string, ValueType>,
): Map<string, ValueType> {
  const constants = new Map(graph.initializers);
  const types = new Map<string, ValueType>([
    ...graph.initializers,
    ...graph.inputs.map((i) => [i.name, i] as const),
  ]);
  for (const node of graph.nodes) {
    const value = node.attributes.value;
    if (node.op === 'Constant' && value?.type === 'tensor') constants.set(node.outputs[0]!, value.value);
    const inputs = node.inputs.map((name) => types.get(name) ?? null);
    const results = infer(node, inputs, (index) => constants.get(node.inputs[index] ?? '') ?? null);
    node.outputs.forEach((output, i) => {
      const type = results?.[i] ?? known.get(output);
      if (type) types.set(output, type);
    });
  }
  return types;
}

const CONVERSIONS: ReadonlySet<string> = new Set(['QuantizeLinear', 'DequantizeLinear']);

/** Scales and zero points are no weights. */
const weightInputs = ({ op, inputs }: OnnxNode): readonly string[] =>
  CONVERSIONS.has(op) ? inputs.slice(0, 1) : inputs;

/** Integer constants are shapes and axes, unless they are weights in 8 bits, which are converted before they are used. */
function weights(graph: OnnxModel['graph'], name: string, reader: string): number {
  const tensor = graph.initializers.get(name)!;
  return isFloat(tensor.dtype) || CONVERSIONS.has(reader) ? product(tensor.shape) : 0;
}

/** The sum over all layers; MACs null where a shape is not known. */
export function modelCost(model: OnnxModel): { readonly params: number; readonly macs: number | null } {
  const layers = modelLayers(model);
  return {
    params: layers.reduce((sum, layer) => sum + layer.params, 0),
    macs: layers.every((layer) => layer.macs !== null)
      ? layers.reduce((sum, layer) => sum + layer.macs!, 0)
      : null,
  };
}

function infer(
  node: OnnxNode,
  inputs: readonly (ValueType | null)[],
  constant: Parameters<(typeof SHAPE_RULES)[string]>[0]['constant'],
): readonly ValueType[] | null {
  const rule = SHAPE_RULES[node.op];
  if (!rule || node.inputs.some((name, i) => name !== '' && inputs[i] === null)) return null;
  try {
    const { op, name, attributes, outputs } = node;
    return rule({ op, name, attributes, inputs, constant, outputCount: outputs.length });
  } catch {
    // A model from elsewhere may compute shapes at run time; its layer is then shown without.
    return null;
  }
}
