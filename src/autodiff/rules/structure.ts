/** Gradients of operators that only move elements about. */

import { fail } from '../../errors.ts';
import { isFloat } from '../../onnx/element-type.ts';
import { int, int64 } from '../../onnx/graph-builder.ts';
import { intAttribute, intsAttribute, ONNX_TYPE, stringAttribute } from '../../onnx/shape-rules.ts';
import type { GradientContext, GradientRule } from '../rule.ts';

const constants = (c: GradientContext, index: number): readonly number[] | null => {
  const name = c.node.inputs[index];
  const tensor = name ? c.m.g.tensor(name) : null;
  return tensor && Array.from(tensor.data as ArrayLike<number | bigint>, Number);
};
const unsupported = (c: GradientContext, what: string): never =>
  fail('NO_GRADIENT', { op: `${c.node.op} (${what})`, node: c.node.name });
/** Only input 0 carries a gradient; the others are shapes, axes or sizes. */
const first = (c: GradientContext, dx: string): readonly (string | null)[] =>
  c.node.inputs.map((_, i) => (i === 0 ? dx : null));
const axisOf = (c: GradientContext, fallback: number): number => {
  const axis = intAttribute(c.node.attributes, 'axis', fallback);
  return axis < 0 ? axis + c.shape(c.node.inputs[0]!).length : axis;
};

export const identity: GradientRule = (c) => first(c, c.dy);

/** Reshape, Flatten, Squeeze, Unsqueeze. */
export const reshape: GradientRule = (c) => first(c, c.m.reshape(c.dy, c.shape(c.node.inputs[0]!)));

export const transpose: GradientRule = (c) => {
  const rank = c.shape(c.node.inputs[0]!).length;
  const perm =
    intsAttribute(c.node.attributes, 'perm') ?? Array.from({ length: rank }, (_, i) => rank - 1 - i);
  return [
    c.m.transpose(
      c.dy,
      perm.map((_, i) => perm.indexOf(i)),
    ),
  ];
};

export const concat: GradientRule = (c) => {
  const axis = axisOf(c, 0);
  const sizes = c.node.inputs.map((x) => c.shape(x)[axis]!);
  const parts = c.m.g.node('Split', [c.dy, c.m.g.constant(int64(sizes))], {
    attributes: { axis: { type: 'int', value: axis } },
    outputs: sizes.length,
  });
  return parts.map((part, i) => (c.needs(i) ? part : null));
};

export const split: GradientRule = (c) => {
  const axis = axisOf(c, 0);
  const parts = c.node.outputs.map((output, i) => {
    const gradient = c.gradients[i];
    if (gradient) return gradient;
    const shape = c.shape(output);
    return c.m.g.constant({
      dtype: 'float32',
      shape,
      data: new Float32Array(shape.reduce((a, b) => a * b, 1)),
    });
  });
  return first(c, c.m.g.op('Concat', parts, { axis: { type: 'int', value: axis } }));
};

/** Each axis is undone in turn: reverse, spread the steps apart with zeros, pad what was cut off. */
export const slice: GradientRule = (c) => {
  const { m } = c;
  const shape = c.shape(c.node.inputs[0]!);
  const starts = constants(c, 1) ?? unsupported(c, 'with computed bounds');
  const axes = (constants(c, 3) ?? starts.map((_, i) => i)).map((a) => (a < 0 ? a + shape.length : a));
  const steps = constants(c, 4) ?? starts.map(() => 1);
  let gradient = c.dy;
  axes.forEach((axis, i) => {
    const size = shape[axis]!;
    const step = Math.abs(steps[i]!);
    const given = starts[i]! < 0 ? starts[i]! + size : starts[i]!;
    const count = c.shape(gradient)[axis]!;
    let from = steps[i]! > 0 ? Math.min(Math.max(given, 0), size) : Math.min(Math.max(given, 0), size - 1);
    if (steps[i]! < 0) {
      from -= (count - 1) * step;
      gradient = m.reverse(gradient, axis);
    }
    gradient = spread(c, gradient, axis, step);
    const begins = shape.map((_, a) => (a === axis ? from : 0));
    const ends = shape.map((_, a) => (a === axis ? size - from - c.shape(gradient)[axis]! : 0));
    gradient = m.pad(gradient, begins, ends);
  });
  return first(c, gradient);
};

/** Inserts step − 1 zeros between the elements of an axis. */
function spread(c: GradientContext, value: string, axis: number, step: number): string {
  const shape = c.shape(value);
  if (step === 1 || shape[axis]! <= 1) return value;
  const { m } = c;
  const split = [...shape.slice(0, axis + 1), 1, ...shape.slice(axis + 1)];
  const padded = m.pad(
    m.reshape(value, split),
    split.map(() => 0),
    split.map((_, i) => (i === axis + 1 ? step - 1 : 0)),
  );
  const merged = shape.map((d, i) => (i === axis ? d * step : d));
  return m.slice(m.reshape(padded, merged), axis, 0, (shape[axis]! - 1) * step + 1);
}

export const pad: GradientRule = (c) => {
  if (stringAttribute(c.node.attributes, 'mode', 'constant') !== 'constant')
    return unsupported(c, 'mode other than constant');
  const shape = c.shape(c.node.inputs[0]!);
  const pads = constants(c, 1) ?? unsupported(c, 'with computed padding');
  const axes = (constants(c, 3) ?? shape.map((_, i) => i)).map((a) => (a < 0 ? a + shape.length : a));
  let gradient = c.dy;
  axes.forEach((axis, i) => {
    const [before, after] = [pads[i]!, pads[i + axes.length]!];
    if (before < 0 || after < 0) unsupported(c, 'negative padding');
    if (before !== 0 || after !== 0) gradient = c.m.slice(gradient, axis, before, before + shape[axis]!);
  });
  return first(c, gradient);
};

/** A cast between float types; casts to or from integers stop the gradient. */
export const cast: GradientRule = (c) => {
  const from = c.m.g.dtype(c.node.inputs[0]!);
  return [isFloat(from) ? c.m.g.op('Cast', [c.dy], { to: int(ONNX_TYPE[from]) }) : null];
};

/** A running sum along an axis; its gradient runs the other way. */
export const cumSum: GradientRule = (c) => {
  const reverse = intAttribute(c.node.attributes, 'reverse', 0);
  const attributes = { ...c.node.attributes, reverse: int(1 - reverse) };
  return first(c, c.m.g.op('CumSum', [c.dy, c.node.inputs[1]!], attributes));
};

export const trilu: GradientRule = (c) =>
  first(c, c.m.g.op('Trilu', [c.dy, ...c.node.inputs.slice(1)], c.node.attributes));
