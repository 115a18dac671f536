/** Gradients of reductions. */
import { intAttribute, intsAttribute } from '../../onnx/shape-rules.ts';
import type { GradientContext, GradientRule } from '../rule.ts';

interface Reduction {
  readonly x: string;
  readonly shape: readonly number[];
  readonly axes: readonly number[];
  /** How many elements each output gathers. */
  readonly count: number;
  /** A value of the output's shape, reshaped so that it broadcasts over the input. */
  readonly spread: (value: string) => string;
}

function reduction(c: GradientContext): Reduction {
  const x = c.node.inputs[0]!;
  const shape = c.shape(x);
  const constant = c.node.inputs[1] ? c.m.g.tensor(c.node.inputs[1]) : null;
  const listed = constant
    ? Array.from(constant.data as ArrayLike<number | bigint>, Number)
    : intsAttribute(c.node.attributes, 'axes');
  const empty = listed === null || listed.length === 0;
  const noop = intAttribute(c.node.attributes, 'noop_with_empty_axes', 0) === 1;
  const all = shape.map((_, i) => i);
  const axes = empty ? (noop ? [] : all) : listed.map((a) => (a < 0 ? a + shape.length : a));
  const kept = shape.map((d, i) => (axes.includes(i) ? 1 : d));
  return {
    x,
    shape,
    axes,
    count: axes.reduce((n, a) => n * shape[a]!, 1),
    spread: (value) => c.m.reshape(value, kept),
  };
}

/** The shape and axes inputs have no gradient. */
const withAxes = (c: GradientContext, dx: string): readonly (string | null)[] =>
  c.node.inputs.map((_, i) => (i === 0 ? dx : null));

export const reduceSum: GradientRule = (c) => {
  const r = reduction(c);
  return withAxes(c, c.m.expand(r.spread(c.dy), r.shape));
};
export const reduceMean: GradientRule = (c) => {
  const r = reduction(c);
  return withAxes(c, c.m.expand(r.spread(c.m.scale(c.dy, 1 / r.count)), r.shape));
};
export const reduceSumSquare: GradientRule = (c) => {
  const r = reduction(c);
  return withAxes(c, c.m.mul(r.x, r.spread(c.m.scale(c.dy, 2))));
};
/** d‖x‖/dx = x/‖x‖ */
export const reduceL2: GradientRule = (c) => {
  const r = reduction(c);
  return withAxes(c, c.m.mul(r.x, r.spread(c.m.div(c.dy, c.node.outputs[0]!))));
};
export const reduceL1: GradientRule = (c) => {
  const r = reduction(c);
  return withAxes(c, c.m.mul(c.m.g.op('Sign', [r.x]), r.spread(c.dy)));
};
/** Maximum and minimum: ties share the gradient evenly, as PyTorch's amax and amin do. */
export const reduceExtremum: GradientRule = (c) => {
  const { m } = c;
  const r = reduction(c);
  const hits = m.g.op('Cast', [m.g.op('Equal', [r.x, r.spread(c.node.outputs[0]!)])], {
    to: { type: 'int', value: 1 },
  });
  const share = m.div(r.spread(c.dy), m.sum(hits, r.axes, true));
  return withAxes(c, m.mul(hits, share));
};
export const reduceLogSumExp: GradientRule = (c) => {
  const { m } = c;
  const r = reduction(c);
  const weights = m.g.op('Exp', [m.sub(r.x, r.spread(c.node.outputs[0]!))]);
  return withAxes(c, m.mul(weights, r.spread(c.dy)));
};
/** dx = y/x · dy; exact where no element is zero. */
export const reduceProd: GradientRule = (c) => {
  const { m } = c;
  const r = reduction(c);
  return withAxes(c, m.div(r.spread(m.mul(c.dy, c.node.outputs[0]!)), r.x));
};
