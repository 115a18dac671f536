/**
 * The forward half of a training graph: the model's nodes again, with those operators replaced that behave differently
 * in training, and composite norms written in primitives that have gradient rules.
 */
import { float32 } from '../onnx/graph-builder.ts';
import type { OnnxNode } from '../onnx/model.ts';
import { floatAttribute } from '../onnx/shape-rules.ts';
import { staticShape } from './arithmetic.ts';
import { ACTIVATION_FORMS } from './forms/activation.ts';
import { alias, type Form, type ForwardContext } from './forms/form.ts';
import { gridSample } from './forms/grid-sample.ts';
import { gru } from './forms/gru.ts';
import { lstm } from './forms/lstm.ts';
import { NORMALISATION_FORMS, perChannel } from './forms/normalisation.ts';
import { rnn } from './forms/rnn.ts';
import { roiAlign } from './forms/roi-align.ts';
import { STRUCTURE_FORMS } from './forms/structure.ts';
import { convolutionForm, poolingForm } from './forms/window.ts';
import { batchNormTraining } from './training-operators.ts';

export type { ForwardContext, NoiseInput } from './forms/form.ts';

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
const placedMaxPool: Form = (c, node) => {
  const { storage_order: _, ...attributes } = node.attributes;
  c.m.g.node('MaxPool', node.inputs, {
    outputs: [node.outputs[0]!, `${node.outputs[0]}/places`],
    name: node.name,
    attributes,
  });
};

function unchanged({ m }: ForwardContext, { op, inputs, name, domain, attributes, outputs }: OnnxNode): void {
  m.g.node(op, inputs, { name, domain, attributes, outputs });
}

/** Operators whose form in a training graph differs from that in inference. To add one: a form and a row. */
export const TRAINING_FORMS: Readonly<Record<string, Form>> = {
  ...ACTIVATION_FORMS,
  ...NORMALISATION_FORMS,
  ...STRUCTURE_FORMS,
  BatchNormalization: batchNorm,
  Dropout: dropout,
  GridSample: gridSample,
  LSTM: lstm,
  GRU: gru,
  RNN: rnn,
  RoiAlign: roiAlign,
  Conv: convolutionForm(unchanged),
  ConvTranspose: convolutionForm(unchanged),
  AveragePool: poolingForm(unchanged),
  MaxPool: poolingForm(placedMaxPool),
  // A constant node becomes a constant, so that rules can read its value.
  Constant: (c, node) => {
    const value = node.attributes.value;
    c.m.g.initializer(node.outputs[0]!, value?.type === 'tensor' ? value.value : float32(0));
  },
};

/** Emits one forward node in its training form. */
export function emitForward(c: ForwardContext, node: OnnxNode): void {
  (TRAINING_FORMS[node.op] ?? unchanged)(c, node);
}
