/**
 * The forward half of a training graph: the model's nodes again, with those operators replaced that behave differently
 * in training, and composite norms written in primitives that have gradient rules.
 */
import type { GraphBuilder } from '../onnx/graph-builder.ts';
import { float32, int64 } from '../onnx/graph-builder.ts';
import type { OnnxNode } from '../onnx/model.ts';
import { floatAttribute, intAttribute } from '../onnx/shape-rules.ts';
import { type Arithmetic, staticShape } from './arithmetic.ts';
import { batchNormTraining } from './training-operators.ts';

/** Batch statistics that update a pair of running averages. */
export interface RunningStatistic {
  /** Names of the running mean and variance among the model's initialisers. */
  readonly meanName: string;
  readonly varianceName: string;
  readonly mean: string;
  readonly variance: string;
  /** How much of the old average stays, 0..1 (ONNX `momentum`). */
  readonly momentum: number;
  /** Elements per channel in a batch. */
  readonly count: number;
}

/** A uniform random input of the training graph: one number in [0, 1) for each element, new every step. */
export interface NoiseInput {
  readonly name: string;
  readonly shape: readonly number[];
}

export interface ForwardContext {
  readonly m: Arithmetic;
  /** Whether a running mean (by name), and the variance beside it, stay as they are and normalise in place of the batch. */
  readonly frozenStatistics?: (meanName: string) => boolean;
  readonly statistics: RunningStatistic[];
  readonly noise: NoiseInput[];
}

type Form = (c: ForwardContext, node: OnnxNode) => void;

/** Emits a node under its own output names, so that the nodes after it find them. */
function alias(g: GraphBuilder, value: string, node: OnnxNode): void {
  g.node('Identity', [value], { outputs: [node.outputs[0]!], name: `${node.name}/output` });
}

const batchNorm: Form = (c, node) => {
  const { g } = c.m;
  const [x, scale, bias, meanName, varianceName] = node.inputs as [string, string, string, string, string];
  const shape = staticShape(g.shape(x));
  const epsilon = floatAttribute(node.attributes, 'epsilon', 1e-5);
  if (c.frozenStatistics?.(meanName)) return frozenBatchNorm(c, node, epsilon);
  const { mean, variance } = batchNormTraining(g, x, scale, bias, epsilon, node.outputs[0]!, node.name);
  const momentum = floatAttribute(node.attributes, 'momentum', 0.9);
  const count = shape.reduce((a, b) => a * b, 1) / shape[1]!;
  c.statistics.push({ meanName, varianceName, mean, variance, momentum, count });
};

/** Normalised by the running averages, as in inference; scale and bias still train. */
function frozenBatchNorm({ m }: ForwardContext, node: OnnxNode, epsilon: number): void {
  const [x, scale, bias, mean, variance] = node.inputs as [string, string, string, string, string];
  const rank = m.g.shape(x).length;
  const factor = m.div(scale, m.g.op('Sqrt', [m.add(variance, m.scalar(epsilon))]));
  const shift = m.sub(bias, m.mul(mean, factor));
  m.g.node('Add', [m.mul(x, perChannel(m, factor, rank)), perChannel(m, shift, rank)], {
    outputs: [node.outputs[0]!],
    name: node.name,
  });
}

/** Inverted dropout (Srivastava et al. 2014): kept where the noise is at least the rate, scaled by 1/(1 − rate). */
const dropout: Form = (c, node) => {
  const { m } = c;
  const { g } = m;
  const [x, ratio] = node.inputs as [string, string?];
  const constant = ratio ? g.tensor(ratio) : null;
  const rate = constant ? Number(constant.data[0]) : floatAttribute(node.attributes, 'ratio', 0.5);
  if (rate === 0) return alias(g, x, node);
  const name = `noise.${node.name}`;
  const shape = staticShape(g.shape(x));
  g.input(name, 'float32', shape);
  c.noise.push({ name, shape });
  const kept = g.op('GreaterOrEqual', [name, m.scalar(rate)]);
  const mask = m.where(kept, m.scalar(1 / (1 - rate)), m.scalar(0));
  g.node('Mul', [x, mask], { outputs: [node.outputs[0]!], name: node.name });
};

/** The places of the maxima are what the gradient needs. */
const maxPool: Form = (c, node) => {
  const { storage_order: _, ...attributes } = node.attributes;
  c.m.g.node('MaxPool', node.inputs, {
    outputs: [node.outputs[0]!, `${node.outputs[0]}/places`],
    name: node.name,
    attributes,
  });
};

/** y = (x − mean)/√(var + ε) over `axes`. */
function standardise(m: Arithmetic, x: string, axes: readonly number[], epsilon: number): string {
  const centred = m.sub(x, m.mean(x, axes, true));
  const variance = m.mean(m.mul(centred, centred), axes, true);
  return m.div(centred, m.g.op('Sqrt', [m.add(variance, m.scalar(epsilon))]));
}

function scaled(
  c: ForwardContext,
  node: OnnxNode,
  value: string,
  scale: string,
  bias: string | undefined,
): void {
  const product = c.m.mul(value, scale);
  alias(c.m.g, bias ? c.m.add(product, bias) : product, node);
}

/** Ba et al. 2016. */
const layerNorm: Form = (c, node) => {
  const [x, scale, bias] = node.inputs as [string, string, string?];
  const rank = c.m.g.shape(x).length;
  const axis = intAttribute(node.attributes, 'axis', -1);
  const from = axis < 0 ? axis + rank : axis;
  const axes = Array.from({ length: rank - from }, (_, i) => from + i);
  scaled(c, node, standardise(c.m, x, axes, floatAttribute(node.attributes, 'epsilon', 1e-5)), scale, bias);
};

/** Per-channel vectors broadcast over the spatial axes. */
const perChannel = (m: Arithmetic, vector: string, rank: number): string =>
  rank === 2
    ? vector
    : m.g.op('Unsqueeze', [vector, m.g.constant(int64(Array.from({ length: rank - 2 }, (_, i) => i + 1)))]);

/** Ulyanov et al. 2016. */
const instanceNorm: Form = (c, node) => {
  const [x, scale, bias] = node.inputs as [string, string, string];
  const rank = c.m.g.shape(x).length;
  const axes = Array.from({ length: rank - 2 }, (_, i) => i + 2);
  const value = standardise(c.m, x, axes, floatAttribute(node.attributes, 'epsilon', 1e-5));
  scaled(c, node, value, perChannel(c.m, scale, rank), perChannel(c.m, bias, rank));
};

/** Wu & He 2018. Scale and bias are per channel (opset 21). */
const groupNorm: Form = (c, node) => {
  const { m } = c;
  const [x, scale, bias] = node.inputs as [string, string, string];
  const shape = staticShape(m.g.shape(x));
  const groups = intAttribute(node.attributes, 'num_groups', 1);
  const grouped = m.reshape(x, [shape[0]!, groups, shape.slice(1).reduce((a, b) => a * b, 1) / groups]);
  const value = m.reshape(
    standardise(m, grouped, [2], floatAttribute(node.attributes, 'epsilon', 1e-5)),
    shape,
  );
  scaled(c, node, value, perChannel(m, scale, shape.length), perChannel(m, bias, shape.length));
};

/** Global average pooling of a model's `ReduceMean` form needs no change; these do. */
const TRAINING_FORMS: Readonly<Record<string, Form>> = {
  BatchNormalization: batchNorm,
  Dropout: dropout,
  MaxPool: maxPool,
  LayerNormalization: layerNorm,
  InstanceNormalization: instanceNorm,
  GroupNormalization: groupNorm,
  // A constant node becomes a constant, so that rules can read its value.
  Constant: (c, node) => {
    const value = node.attributes.value;
    c.m.g.initializer(node.outputs[0]!, value?.type === 'tensor' ? value.value : float32(0));
  },
};

/** Emits one forward node in its training form. */
export function emitForward(c: ForwardContext, node: OnnxNode): void {
  const form = TRAINING_FORMS[node.op];
  const { name, domain, attributes, outputs } = node;
  if (form) form(c, node);
  else c.m.g.node(node.op, node.inputs, { name, domain, attributes, outputs });
}
