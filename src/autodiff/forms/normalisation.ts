/** Norms other than batch norm, written in primitives that have gradient rules. */
import { int, int64, ints } from '../../onnx/graph-builder.ts';
import type { OnnxNode } from '../../onnx/model.ts';
import { floatAttribute, intAttribute } from '../../onnx/shape-rules.ts';
import { type Arithmetic, staticShape } from '../arithmetic.ts';
import { alias, composite, type Form, type ForwardContext } from './form.ts';

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
  const axes = trailingAxes(c.m, node);
  scaled(c, node, standardise(c.m, x, axes, floatAttribute(node.attributes, 'epsilon', 1e-5)), scale, bias);
};

/** Per-channel vectors broadcast over the spatial axes. */
export const perChannel = (m: Arithmetic, vector: string, rank: number): string =>
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

/** Axes from `axis` on (ONNX's layer norms). */
function trailingAxes(m: Arithmetic, node: OnnxNode): readonly number[] {
  const rank = m.g.shape(node.inputs[0]!).length;
  const axis = intAttribute(node.attributes, 'axis', -1);
  const from = axis < 0 ? axis + rank : axis;
  return Array.from({ length: rank - from }, (_, i) => from + i);
}

/** Zhang & Sennrich 2019: x/√(mean x² + ε) · scale. */
const rmsNorm: Form = composite((m, node, [x, scale]) => {
  const square = m.mean(m.mul(x!, x!), trailingAxes(m, node), true);
  const epsilon = m.scalar(floatAttribute(node.attributes, 'epsilon', 1e-5));
  return m.mul(m.div(x!, m.g.op('Sqrt', [m.add(square, epsilon)])), scale!);
});

/** x/‖x‖ along one axis. */
const lpNorm: Form = composite((m, node, [x]) => {
  const axes = m.g.constant(int64([intAttribute(node.attributes, 'axis', -1)]));
  const norm = intAttribute(node.attributes, 'p', 2) === 1 ? 'ReduceL1' : 'ReduceL2';
  return m.div(x!, m.g.op(norm, [x!, axes], { keepdims: int(1) }));
});

/** Across neighbouring channels (Krizhevsky et al. 2012): x / (bias + α·mean of squares)^β; padding counts as zeros. */
const localResponseNorm: Form = composite((m, node, [x]) => {
  const shape = staticShape(m.g.shape(x!));
  const size = intAttribute(node.attributes, 'size', 1);
  const before = Math.floor((size - 1) / 2);
  const pixels = shape.slice(2).reduce((a, b) => a * b, 1);
  const flat = m.reshape(m.mul(x!, x!), [shape[0]!, 1, shape[1]!, pixels]);
  const mean = m.g.op('AveragePool', [flat], {
    kernel_shape: ints([size, 1]),
    strides: ints([1, 1]),
    pads: ints([before, 0, size - 1 - before, 0]),
    count_include_pad: int(1),
  });
  const scaled = m.scale(m.reshape(mean, shape), floatAttribute(node.attributes, 'alpha', 1e-4));
  const base = m.add(scaled, m.scalar(floatAttribute(node.attributes, 'bias', 1)));
  return m.div(x!, m.g.op('Pow', [base, m.scalar(floatAttribute(node.attributes, 'beta', 0.75))]));
});

export const NORMALISATION_FORMS: Readonly<Record<string, Form>> = {
  LayerNormalization: layerNorm,
  InstanceNormalization: instanceNorm,
  GroupNormalization: groupNorm,
  RMSNormalization: rmsNorm,
  LpNormalization: lpNorm,
  LRN: localResponseNorm,
};
