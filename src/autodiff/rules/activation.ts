/** Gradients of activation functions. Kinks take the derivative of the side that PyTorch takes. */
import { floatAttribute, stringAttribute } from '../../onnx/shape-rules.ts';
import { unbroadcast } from '../arithmetic.ts';
import type { GradientContext, GradientRule } from '../rule.ts';
import { clipGradient, reluGradient } from '../training-operators.ts';

const xOf = (c: GradientContext): string => c.node.inputs[0]!;
const yOf = (c: GradientContext): string => c.node.outputs[0]!;
const greater = (c: GradientContext, a: string, b: number): string => c.m.g.op('Greater', [a, c.m.scalar(b)]);
const less = (c: GradientContext, a: string, b: number): string => c.m.g.op('Less', [a, c.m.scalar(b)]);

export const relu: GradientRule = (c) => [reluGradient(c.m.g, c.dy, yOf(c), `${c.node.name}/gradient`)];

export const leakyRelu: GradientRule = (c) => {
  const alpha = floatAttribute(c.node.attributes, 'alpha', 0.01);
  return [c.m.where(greater(c, xOf(c), 0), c.dy, c.m.scale(c.dy, alpha))];
};

/** The slope below zero is a weight, for each channel as a rule (He et al. 2015). */
export const prelu: GradientRule = (c) => {
  const { m } = c;
  const [x, slope] = c.node.inputs as [string, string];
  const above = greater(c, x, 0);
  const below = (): string => m.where(above, m.scalar(0), m.mul(c.dy, x));
  return [
    c.needs(0) ? m.where(above, c.dy, m.mul(c.dy, slope)) : null,
    c.needs(1) ? unbroadcast(m, below(), c.shape(slope)) : null,
  ];
};

/** Bounds are the optional second and third input (opset 11 and later). */
export const clip: GradientRule = (c) => {
  const { m } = c;
  const [x, low, high] = c.node.inputs;
  const bounds = [low, high].map((b) => (b ? m.g.tensor(b) : null));
  let dx = c.dy;
  if (bounds[0] && bounds[1]) {
    const [from, to] = bounds.map((b) => Number(b!.data[0]));
    // Of the output: it lies within the bounds exactly where the input does, and is kept anyway.
    dx = clipGradient(m.g, dx, yOf(c), { low: from!, high: to! }, `${c.node.name}/gradient`);
  } else {
    const zero = m.scalar(0);
    if (low) dx = m.where(m.g.op('Greater', [x!, low]), dx, zero);
    if (high) dx = m.where(m.g.op('Less', [x!, high]), dx, zero);
  }
  return [dx, null, null].slice(0, c.node.inputs.length);
};

/** dy · y(1 − y) = dy·y − dy·y·y */
export const sigmoid: GradientRule = (c) => {
  const scaled = c.m.mul(c.dy, yOf(c));
  return [c.m.sub(scaled, c.m.mul(scaled, yOf(c)))];
};

/** dy · (1 − y²) */
export const tanh: GradientRule = (c) => [c.m.sub(c.dy, c.m.mul(c.m.mul(c.dy, yOf(c)), yOf(c)))];

export const hardSigmoid: GradientRule = (c) => {
  const alpha = floatAttribute(c.node.attributes, 'alpha', 0.2);
  const inside = c.m.g.op('And', [greater(c, yOf(c), 0), less(c, yOf(c), 1)]);
  return [c.m.where(inside, c.m.scale(c.dy, alpha), c.m.scalar(0))];
};

/** y = x·h(x), h = clip(x/6 + ½, 0, 1): y′ = h(x) + x/6 where |x| < 3. */
export const hardSwish: GradientRule = (c) => {
  const { m } = c;
  const x = xOf(c);
  const gate = m.g.op('HardSigmoid', [x], {
    alpha: { type: 'float', value: 1 / 6 },
    beta: { type: 'float', value: 0.5 },
  });
  const inside = less(c, m.g.op('Abs', [x]), 3);
  const slope = m.where(inside, m.scale(x, 1 / 6), m.scalar(0));
  return [m.mul(c.dy, m.add(gate, slope))];
};

/** Exact: Φ(x) + x·φ(x); `approximate = tanh`: the derivative of that formula (Hendrycks & Gimpel 2016). */
export const gelu: GradientRule = (c) => {
  const { m } = c;
  const x = xOf(c);
  const square = m.mul(x, x);
  if (stringAttribute(c.node.attributes, 'approximate', 'none') === 'tanh') {
    const k = Math.sqrt(2 / Math.PI);
    const inner = m.mul(x, m.add(m.scale(square, k * 0.044715), m.scalar(k)));
    const t = m.g.op('Tanh', [inner]);
    const slope = m.add(m.scale(square, 3 * k * 0.044715), m.scalar(k));
    const bell = m.mul(m.sub(m.scalar(1), m.mul(t, t)), m.mul(x, slope));
    return [m.mul(c.dy, m.scale(m.add(m.add(t, m.scalar(1)), bell), 0.5))];
  }
  const cdf = m.add(m.scale(m.g.op('Erf', [m.scale(x, Math.SQRT1_2)]), 0.5), m.scalar(0.5));
  const pdf = m.scale(m.g.op('Exp', [m.scale(square, -0.5)]), 1 / Math.sqrt(2 * Math.PI));
  return [m.mul(c.dy, m.add(cdf, m.mul(x, pdf)))];
};

/** Softplus: ln(1 + e^x); derivative is the sigmoid. */
export const softplus: GradientRule = (c) => [c.m.mul(c.dy, c.m.g.op('Sigmoid', [xOf(c)]))];

/** Elu: y = α(e^x − 1) for x < 0; y′ = y + α there. */
export const elu: GradientRule = (c) => {
  const alpha = floatAttribute(c.node.attributes, 'alpha', 1);
  const slope = c.m.add(yOf(c), c.m.scalar(alpha));
  return [c.m.mul(c.dy, c.m.where(greater(c, xOf(c), 0), c.m.scalar(1), slope))];
};
