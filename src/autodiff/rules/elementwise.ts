/** Gradients of elementwise arithmetic, with numpy broadcasting. */
import { float32 } from '../../onnx/graph-builder.ts';
import { unbroadcast } from '../arithmetic.ts';
import type { GradientContext, GradientRule } from '../rule.ts';

/** Sums `gradient` back to the shape of input `index`; null when that input needs none. */
function backTo(c: GradientContext, index: number, gradient: () => string): string | null {
  return c.needs(index) ? unbroadcast(c.m, gradient(), c.shape(c.node.inputs[index]!)) : null;
}

/** dx = dy · f′, for an operator of one input. */
const unary =
  (derivative: (c: GradientContext, x: string, y: string) => string): GradientRule =>
  (c) => [c.m.mul(c.dy, derivative(c, c.node.inputs[0]!, c.node.outputs[0]!))];

export const add: GradientRule = (c) => c.node.inputs.map((_, i) => backTo(c, i, () => c.dy));

export const sub: GradientRule = (c) => [backTo(c, 0, () => c.dy), backTo(c, 1, () => c.m.neg(c.dy))];

export const mul: GradientRule = (c) => [
  backTo(c, 0, () => c.m.mul(c.dy, c.node.inputs[1]!)),
  backTo(c, 1, () => c.m.mul(c.dy, c.node.inputs[0]!)),
];

export const div: GradientRule = (c) => [
  backTo(c, 0, () => c.m.div(c.dy, c.node.inputs[1]!)),
  // d(a/b)/db = −(a/b)/b
  backTo(c, 1, () => c.m.neg(c.m.div(c.m.mul(c.dy, c.node.outputs[0]!), c.node.inputs[1]!))),
];

export const pow: GradientRule = (c) => {
  const [x, p] = c.node.inputs as [string, string];
  const y = c.node.outputs[0]!;
  const exponent = c.m.g.tensor(p);
  const isSquare = exponent?.data.length === 1 && Number(exponent.data[0]) === 2;
  // The exponent may be of another type, as exporters write x.pow(3).
  const power = (): string =>
    c.m.g.dtype(p) === 'float32' ? p : c.m.g.op('Cast', [p], { to: { type: 'int', value: 1 } });
  const slope = (): string =>
    isSquare ? c.m.scale(x, 2) : c.m.mul(power(), c.m.g.op('Pow', [x, c.m.sub(power(), c.m.scalar(1))]));
  return [
    backTo(c, 0, () => c.m.mul(c.dy, slope())),
    backTo(c, 1, () => c.m.mul(c.dy, c.m.mul(y, c.m.g.op('Log', [x])))),
  ];
};

/** Minimum and maximum: ties share the gradient evenly, as PyTorch's do. */
export const extremum: GradientRule = (c) => {
  const { m, node } = c;
  const y = node.outputs[0]!;
  const hits = node.inputs.map((x) =>
    m.g.op('Cast', [m.g.op('Equal', [x, y])], { to: { type: 'int', value: 1 } }),
  );
  const count = hits.reduce((a, b) => m.add(a, b));
  const share = m.div(c.dy, count);
  return node.inputs.map((_, i) => backTo(c, i, () => m.mul(share, hits[i]!)));
};

export const meanOfInputs: GradientRule = (c) =>
  c.node.inputs.map((_, i) => backTo(c, i, () => c.m.scale(c.dy, 1 / c.node.inputs.length)));

export const neg: GradientRule = (c) => [c.m.neg(c.dy)];
export const exp = unary((_, __, y) => y);
export const log: GradientRule = (c) => [c.m.div(c.dy, c.node.inputs[0]!)];
export const sqrt: GradientRule = (c) => [c.m.div(c.m.scale(c.dy, 0.5), c.node.outputs[0]!)];
export const abs = unary(({ m }, x) => m.g.op('Sign', [x]));
export const reciprocal = unary(({ m }, _, y) => m.neg(m.mul(y, y)));
export const sin = unary(({ m }, x) => m.g.op('Cos', [x]));
export const cos = unary(({ m }, x) => m.neg(m.g.op('Sin', [x])));
export const tan = unary(({ m }, _, y) => m.add(m.mul(y, y), m.scalar(1)));
export const atan = unary(({ m }, x) => m.g.op('Reciprocal', [m.add(m.mul(x, x), m.scalar(1))]));
/** 1/√(1 − x²), whose sign acos turns; infinite at ±1, as in PyTorch. */
const arcSlope = ({ m }: GradientContext, x: string): string =>
  m.g.op('Reciprocal', [m.g.op('Sqrt', [m.sub(m.scalar(1), m.mul(x, x))])]);
export const asin = unary(arcSlope);
export const acos = unary((c, x) => c.m.neg(arcSlope(c, x)));
export const sinh = unary(({ m }, x) => m.g.op('Cosh', [x]));
export const cosh = unary(({ m }, x) => m.g.op('Sinh', [x]));
export const asinh = unary(({ m }, x) =>
  m.g.op('Reciprocal', [m.g.op('Sqrt', [m.add(m.mul(x, x), m.scalar(1))])]),
);
export const acosh = unary(({ m }, x) =>
  m.g.op('Reciprocal', [m.g.op('Sqrt', [m.sub(m.mul(x, x), m.scalar(1))])]),
);
export const atanh = unary(({ m }, x) => m.g.op('Reciprocal', [m.sub(m.scalar(1), m.mul(x, x))]));
/** d erf(x)/dx = 2/√π · e^(−x²) */
export const erf = unary(({ m }, x) => m.scale(m.g.op('Exp', [m.neg(m.mul(x, x))]), 2 / Math.sqrt(Math.PI)));

export const where: GradientRule = (c) => {
  const [condition] = c.node.inputs as [string];
  const zero = c.m.g.constant(float32(0));
  return [
    null,
    backTo(c, 1, () => c.m.where(condition, c.dy, zero)),
    backTo(c, 2, () => c.m.where(condition, zero, c.dy)),
  ];
};

/** Steps: the derivative is zero wherever there is one. */
export const flat: GradientRule = () => [null];

/** Broadcasting copies; the second input (the shape) has no gradient. */
export const expand: GradientRule = (c) => [backTo(c, 0, () => c.dy), null];
