/** Random functions of single elements. */
import { float, float32, type GraphBuilder, int, str } from '../../../onnx/graph-builder.ts';
import type { Attributes } from '../../../onnx/model.ts';
import type { Random } from '../../../random.ts';
import { anyOrImage, type Draw, image, named, ofEach, positive, sizes } from './draw.ts';

interface Unary {
  /** Of x0. */
  readonly torch: string;
  readonly op?: string;
  readonly attributes?: Attributes;
  readonly draw?: (random: Random) => number;
  readonly constants?: (g: GraphBuilder) => readonly string[];
  /** The function is flat between steps: the input is added, so that there is a gradient at all. */
  readonly steps?: boolean;
}

const inside = (random: Random): number => 0.95 * (2 * random.next() - 1);

const UNARY: Readonly<Record<string, Unary>> = {
  Relu: { torch: 'F.relu(x0)' },
  LeakyRelu: { torch: 'F.leaky_relu(x0, 0.01)' },
  Clip: {
    torch: 'torch.clamp(x0, -1.25, 0.5)',
    constants: (g) => [g.constant(float32(-1.25)), g.constant(float32(0.5))],
  },
  // What fills blocks up with zeros is no longer zero after it.
  'Clip above zero': {
    op: 'Clip',
    torch: 'torch.clamp(x0, 0.25, 1.5)',
    constants: (g) => [g.constant(float32(0.25)), g.constant(float32(1.5))],
  },
  'Clip below': {
    op: 'Clip',
    torch: 'torch.clamp(x0, min=-0.25)',
    constants: (g) => [g.constant(float32(-0.25))],
  },
  Sigmoid: { torch: 'torch.sigmoid(x0)' },
  Tanh: { torch: 'torch.tanh(x0)' },
  HardSigmoid: {
    torch: 'torch.clamp(0.3 * x0 + 0.4, 0, 1)',
    attributes: { alpha: float(0.3), beta: float(0.4) },
  },
  HardSwish: { torch: 'F.hardswish(x0)' },
  Gelu: { torch: 'F.gelu(x0)' },
  'Gelu tanh': {
    op: 'Gelu',
    torch: "F.gelu(x0, approximate='tanh')",
    attributes: { approximate: str('tanh') },
  },
  Softplus: { torch: 'F.softplus(x0)' },
  Elu: { torch: 'F.elu(x0, 0.6)', attributes: { alpha: float(0.6) } },
  Selu: { torch: 'F.selu(x0)' },
  Celu: { torch: 'F.celu(x0, 1.3)', attributes: { alpha: float(1.3) } },
  Mish: { torch: 'F.mish(x0)' },
  Swish: { torch: 'x0 * torch.sigmoid(1.5 * x0)', attributes: { alpha: float(1.5) } },
  QuickGelu: { torch: 'x0 * torch.sigmoid(1.702 * x0)' },
  FastGelu: { torch: "F.gelu(x0, approximate='tanh')" },
  Softsign: { torch: 'F.softsign(x0)' },
  ThresholdedRelu: { torch: 'F.threshold(x0, 0.5, 0.0)', attributes: { alpha: float(0.5) } },
  Exp: { torch: 'torch.exp(x0)' },
  Log: { torch: 'torch.log(x0)', draw: positive },
  Sqrt: { torch: 'torch.sqrt(x0)', draw: positive },
  Abs: { torch: 'torch.abs(x0)' },
  Neg: { torch: '-x0' },
  Reciprocal: { torch: '1 / x0', draw: positive },
  Sin: { torch: 'torch.sin(x0)' },
  Cos: { torch: 'torch.cos(x0)' },
  Tan: { torch: 'torch.tan(x0)', draw: (r) => 1.2 * (2 * r.next() - 1) },
  Atan: { torch: 'torch.atan(x0)' },
  Erf: { torch: 'torch.erf(x0)' },
  Identity: { torch: 'x0 * 1' },
  Cast: { torch: 'x0 * 1', attributes: { to: int(1) } },
  Sign: { torch: 'x0 + torch.sign(x0)', steps: true },
  Floor: { torch: 'x0 + torch.floor(x0)', steps: true },
  Ceil: { torch: 'x0 + torch.ceil(x0)', steps: true },
  Round: { torch: 'x0 + torch.round(x0)', steps: true },
  Asin: { torch: 'torch.asin(x0)', draw: inside },
  Acos: { torch: 'torch.acos(x0)', draw: inside },
  Sinh: { torch: 'torch.sinh(x0)' },
  Cosh: { torch: 'torch.cosh(x0)' },
  Asinh: { torch: 'torch.asinh(x0)' },
  Acosh: { torch: 'torch.acosh(x0)', draw: (r) => 1.1 + 2 * r.next() },
  Atanh: { torch: 'torch.atanh(x0)', draw: inside },
};

export const unary = ofEach(UNARY, (name, row) => (random, round) => {
  const shape = anyOrImage(random, round, random.int(6));
  const { op = name, torch, attributes, constants, steps } = row;
  return {
    name: `${name} [${shape}]`,
    shapes: [shape],
    torch,
    draw: row.draw ?? ((r) => 2 * r.normal()),
    build: (g, [x]) => {
      const y = g.op(op, [x!, ...(constants?.(g) ?? [])], attributes);
      return steps ? g.op('Add', [x!, y]) : y;
    },
  };
});

/** A slope for each channel, for all, or for every element. */
export const prelu: Draw = (random, round) => {
  const shape = [sizes(random, 3), image(random, 'whole'), image(random, 'filled')][round % 3]!;
  const perChannel = shape.slice(1).map((d, i) => (i === 0 ? d : 1));
  const shapes = [shape, random.pick([perChannel, [1], shape.slice(1)])];
  return {
    name: `PRelu ${named(shapes)}`,
    shapes,
    torch: 'torch.where(x0 > 0, x0, x0 * x1)',
    build: (g, inputs) => g.op('PRelu', inputs),
  };
};

export const biasGelu = ofEach(
  { BiasGelu: 'F.gelu(x0 + x1)', FastGelu: "F.gelu(x0 + x1, approximate='tanh')" },
  (op, torch) => (random) => {
    const shape = sizes(random, 2 + random.int(2));
    const shapes = [shape, [shape.at(-1)!]];
    return { name: `${op} ${named(shapes)}`, shapes, torch, build: (g, inputs) => g.op(op, inputs) };
  },
);

export const softmax = ofEach(
  { Softmax: 'softmax', LogSoftmax: 'log_softmax' },
  (op, torch) => (random, round) => {
    const shape = round === 2 ? image(random) : sizes(random, 1 + random.int(4), 6);
    const axis = random.int(shape.length);
    return {
      name: `${op} [${shape}] along ${axis}`,
      shapes: [shape],
      torch: `F.${torch}(x0, ${axis})`,
      build: (g, [x]) => g.op(op, [x!], { axis: int(axis - shape.length) }),
    };
  },
);
