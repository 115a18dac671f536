/** Brings a float model into the form that is quantised: batch norm folded, no-ops gone, composite operators split. */
import { foldBatchNorm } from '../onnx/fold-batch-norm.ts';
import { float, float32, int } from '../onnx/graph-builder.ts';
import type { OnnxModel, OnnxNode, Tensor } from '../onnx/model.ts';
import { intAttribute, intsAttribute } from '../onnx/shape-rules.ts';
import { freshNames, makeNode, withNodes } from './graph.ts';

/** An equal model; values of layers that stay keep their names. */
export function prepareModel(model: OnnxModel): OnnxModel {
  return splitComposites(foldBatchNorm(dropNoOps(constantsAsInitialisers(withoutDefaults(model)))));
}

/** Every candidate of a search passes here (int8-kernels.ts), and most have nothing to be done. */
const has = ({ graph }: OnnxModel, wanted: (op: string) => boolean): boolean =>
  graph.nodes.some(({ op }) => wanted(op));

/** Up to IR version 3 every constant had to be an input too, which is no offer to replace it. */
function withoutDefaults(model: OnnxModel): OnnxModel {
  if (model.irVersion > 3) return model;
  const inputs = model.graph.inputs.filter((i) => !model.graph.initializers.has(i.name));
  return { ...model, irVersion: 7, graph: { ...model.graph, inputs } };
}

function constantsAsInitialisers(model: OnnxModel): OnnxModel {
  if (!has(model, (op) => op === 'Constant')) return model;
  const constants: [string, Tensor][] = [];
  const nodes = model.graph.nodes.filter((node) => {
    const value = node.attributes.value;
    if (node.op !== 'Constant' || value?.type !== 'tensor') return true;
    constants.push([node.outputs[0]!, value.value]);
    return false;
  });
  return withNodes(model, nodes, constants);
}

/** Identity, and Dropout, which does nothing outside training. */
function dropNoOps(model: OnnxModel): OnnxModel {
  if (!has(model, (op) => op === 'Identity' || op === 'Dropout')) return model;
  const { graph } = model;
  const fixed = new Set([...graph.inputs, ...graph.outputs].map((v) => v.name));
  for (const name of graph.initializers.keys()) fixed.add(name);
  const renamed = new Map<string, string>();
  const final = (value: string): string => {
    let name = value;
    while (renamed.has(name)) name = renamed.get(name)!;
    return name;
  };
  const nodes = graph.nodes.filter((node) => {
    const [from, to] = [final(node.inputs[0] ?? ''), node.outputs[0]!];
    if (node.op !== 'Identity' && !(node.op === 'Dropout' && node.outputs.length === 1)) return true;
    if (!fixed.has(to)) renamed.set(to, from);
    // The value before becomes the output, under its name.
    else if (!fixed.has(from)) {
      renamed.set(from, to);
      fixed.add(to);
    } else return true;
    return false;
  });
  return withNodes(
    model,
    nodes.map((n) => ({ ...n, inputs: n.inputs.map(final), outputs: n.outputs.map(final) })),
  );
}

interface Names {
  readonly fresh: (wanted: string) => string;
  readonly constant: (tensor: Tensor, wanted: string) => string;
  readonly initializers: ReadonlyMap<string, Tensor>;
}

type Split = (node: OnnxNode, names: Names) => readonly OnnxNode[] | null;

/** x + y + z as a chain of two-input additions. */
const splitSum: Split = (node, { fresh }) => {
  const [first, ...rest] = node.inputs;
  if (rest.length === 0) return null;
  let sum = first!;
  return rest.map((input, i) => {
    const last = i === rest.length - 1;
    const output = last ? node.outputs[0]! : fresh(`${node.name}/part${i}`);
    const added = makeNode('Add', last ? node.name : output, [sum, input], output);
    sum = output;
    return added;
  });
};

/** x · hardSigmoid(x) with slope 1/6 (Howard et al. 2019). */
const splitHardSwish: Split = (node, { fresh }) => {
  const gate = fresh(`${node.name}/gate`);
  const attributes = { alpha: float(1 / 6), beta: float(0.5) };
  return [
    makeNode('HardSigmoid', gate, [node.inputs[0]!], gate, attributes),
    makeNode('Mul', node.name, [node.inputs[0]!, gate], node.outputs[0]!),
  ];
};

/** The mean over height and width as the pooling that has an integer kernel. */
const splitReduceMean: Split = (node, { fresh, initializers }) => {
  const listed = node.inputs[1]
    ? Array.from((initializers.get(node.inputs[1])?.data ?? []) as ArrayLike<number | bigint>, Number)
    : intsAttribute(node.attributes, 'axes');
  const axes = [...(listed ?? [])].sort((a, b) => a - b).join();
  if (axes !== '2,3' && axes !== '-2,-1') return null;
  const [x, output] = [node.inputs[0]!, node.outputs[0]!];
  if (intAttribute(node.attributes, 'keepdims', 1) === 1)
    return [makeNode('GlobalAveragePool', node.name, [x], output)];
  const pooled = fresh(`${node.name}/pooled`);
  return [
    makeNode('GlobalAveragePool', pooled, [x], pooled),
    makeNode('Flatten', node.name, [pooled], output, { axis: int(1) }),
  ];
};

/** A bias must be one number for each output; exporters write [1, n] too. */
const plainBias: Split = (node, { constant, initializers }) => {
  const bias = initializers.get(node.inputs[2] ?? '');
  if (bias?.dtype !== 'float32' || bias.shape.length !== 2 || bias.shape[0] !== 1) return null;
  const name = constant({ ...bias, shape: [bias.shape[1]!] }, `${node.name}/bias`);
  return [{ ...node, inputs: [node.inputs[0]!, node.inputs[1]!, name] }];
};

/** Bounds as attributes (before opset 11) become inputs. */
const clipBounds: Split = (node, { constant }) => {
  if (node.inputs.length > 1) return null;
  const bound = (name: 'min' | 'max'): string => {
    const found = node.attributes[name];
    return found?.type === 'float' ? constant(float32(found.value), `${node.name}/${name}`) : '';
  };
  return [{ ...node, inputs: [node.inputs[0]!, bound('min'), bound('max')], attributes: {} }];
};

const SPLITS: Readonly<Record<string, Split>> = {
  Sum: splitSum,
  HardSwish: splitHardSwish,
  ReduceMean: splitReduceMean,
  Gemm: plainBias,
  Clip: clipBounds,
};

function splitComposites(model: OnnxModel): OnnxModel {
  const constants: [string, Tensor][] = [];
  let invent: ReturnType<typeof freshNames> | null = null;
  const fresh = (wanted: string): string => {
    invent ??= freshNames(model.graph);
    return invent(wanted);
  };
  const names: Names = {
    fresh,
    initializers: model.graph.initializers,
    constant(tensor, wanted) {
      const name = fresh(wanted);
      constants.push([name, tensor]);
      return name;
    },
  };
  let split = false;
  const nodes: OnnxNode[] = [];
  for (const node of model.graph.nodes) {
    const parts = SPLITS[node.op]?.(node, names) ?? null;
    split ||= parts !== null;
    nodes.push(...(parts ?? [node]));
  }
  return split ? withNodes(model, nodes, constants) : model;
}
