/** Random arithmetic, products and reductions. */
import { float, float32, int, str } from '../../../onnx/graph-builder.ts';
import { broadcastable, type Draw, list, python, sizes, some } from './draw.ts';

const ARITHMETIC: Readonly<Record<string, string>> = {
  Add: 'x0 + x1',
  Sub: 'x0 - x1',
  Mul: 'x0 * x1',
  Div: 'x0 / x1',
  Pow: 'x0 ** x1',
  Min: 'torch.minimum(x0, x1)',
  Max: 'torch.maximum(x0, x1)',
};
export const arithmetic: Draw = (random) => {
  const op = random.pick(Object.keys(ARITHMETIC));
  const full = sizes(random, 1 + random.int(4));
  const pair = [full, broadcastable(random, full)];
  const shapes = random.int(2) === 0 ? pair : pair.reverse();
  return {
    name: `${op} ${shapes.map((s) => `[${s}]`).join(' ')}`,
    shapes,
    torch: ARITHMETIC[op]!,
    draw: (r) => 0.3 + 2 * r.next(),
    build: (g, inputs) => g.op(op, inputs),
  };
};

export const where: Draw = (random) => {
  const full = sizes(random, 1 + random.int(3));
  const shapes = [full, broadcastable(random, full)];
  return {
    name: `Where ${shapes.map((s) => `[${s}]`).join(' ')}`,
    shapes,
    torch: 'torch.where(x0 >= 0.1, x0, x1)',
    build: (g, [a, b]) => g.op('Where', [g.op('GreaterOrEqual', [a!, g.constant(float32(0.1))]), a!, b!]),
  };
};

export const matmul: Draw = (random) => {
  const batch = sizes(random, random.int(3), 3);
  const [rows, inner, columns] = sizes(random, 3, 5) as [number, number, number];
  const shapes = [
    [...broadcastable(random, batch), rows, inner],
    [...broadcastable(random, batch), inner, columns],
  ];
  // One side may be a vector.
  const vector = random.int(6);
  if (vector < 2) shapes[vector] = [inner];
  return {
    name: `MatMul ${shapes.map((s) => `[${s}]`).join(' ')}`,
    shapes,
    torch: 'torch.matmul(x0, x1)',
    build: (g, inputs) => g.op('MatMul', inputs),
  };
};

/** Contractions of attention and bilinear layers, and some with an axis summed away in one operand. */
const EQUATIONS = [
  'bhid,bhjd->bhij',
  'bhij,bhjd->bhid',
  'bid,od->bio',
  'ij,jk->ik',
  'ij,jk->ki',
  'bi,bj->bij',
  'bij,bk->bi',
  'bi,i->b',
  'bn,anm,bm->ba',
  'ij->ji',
  'ij->i',
];
export const einsum: Draw = (random) => {
  const equation = random.pick(EQUATIONS);
  const size = new Map([...new Set(equation)].map((letter) => [letter, 1 + random.int(4)]));
  const operands = equation.split('->')[0]!.split(',');
  return {
    name: `Einsum ${equation} of ${[...size].filter(([l]) => /\w/.test(l)).join(' ')}`,
    shapes: operands.map((letters) => [...letters].map((letter) => size.get(letter)!)),
    torch: `torch.einsum('${equation}', ${operands.map((_, i) => `x${i}`).join(', ')})`,
    build: (g, inputs) => g.op('Einsum', inputs, { equation: str(equation) }),
  };
};

const REDUCTIONS: Readonly<Record<string, (axes: string, keep: string) => string>> = {
  ReduceSum: (axes, keep) => `x0.sum(${axes}, keepdim=${keep})`,
  ReduceMean: (axes, keep) => `x0.mean(${axes}, keepdim=${keep})`,
  ReduceMax: (axes, keep) => `x0.amax(${axes}, keepdim=${keep})`,
  ReduceMin: (axes, keep) => `x0.amin(${axes}, keepdim=${keep})`,
  ReduceSumSquare: (axes, keep) => `(x0 * x0).sum(${axes}, keepdim=${keep})`,
  ReduceL1: (axes, keep) => `x0.abs().sum(${axes}, keepdim=${keep})`,
  ReduceL2: (axes, keep) => `(x0 * x0).sum(${axes}, keepdim=${keep}).sqrt()`,
  ReduceLogSum: (axes, keep) => `x0.sum(${axes}, keepdim=${keep}).log()`,
  ReduceLogSumExp: (axes, keep) => `torch.logsumexp(x0, ${axes}, keepdim=${keep})`,
};
export const reduction: Draw = (random) => {
  const op = random.pick(Object.keys(REDUCTIONS));
  const shape = sizes(random, 1 + random.int(4));
  const axes = some(random, shape.length);
  const keep = random.int(2);
  return {
    name: `${op} [${shape}] over ${axes}, kept ${keep}`,
    shapes: [shape],
    torch: REDUCTIONS[op]!(python(axes), keep ? 'True' : 'False'),
    draw: (r) => 0.3 + 2 * r.next(),
    build: (g, [x]) => {
      const given = axes.map((a) => (random.int(2) === 0 ? a : a - shape.length));
      return g.op(op, [x!, list(g, ...given)], { keepdims: int(keep) });
    },
  };
};

const UNARY: Readonly<Record<string, string>> = {
  Relu: 'F.relu(x0)',
  LeakyRelu: 'F.leaky_relu(x0, 0.01)',
  Sigmoid: 'torch.sigmoid(x0)',
  Tanh: 'torch.tanh(x0)',
  HardSwish: 'F.hardswish(x0)',
  Gelu: 'F.gelu(x0)',
  Softplus: 'F.softplus(x0)',
  Elu: 'F.elu(x0)',
  Mish: 'F.mish(x0)',
  Selu: 'F.selu(x0)',
  Exp: 'torch.exp(x0)',
  Log: 'torch.log(x0)',
  Sqrt: 'torch.sqrt(x0)',
  Abs: 'torch.abs(x0)',
  Neg: '-x0',
  Reciprocal: '1 / x0',
  Sin: 'torch.sin(x0)',
  Cos: 'torch.cos(x0)',
  Atan: 'torch.atan(x0)',
  Erf: 'torch.erf(x0)',
};
const POSITIVE = new Set(['Log', 'Sqrt', 'Reciprocal']);
export const unary: Draw = (random) => {
  const op = random.pick(Object.keys(UNARY));
  const shape = sizes(random, random.int(6));
  return {
    name: `${op} [${shape}]`,
    shapes: [shape],
    torch: UNARY[op]!,
    draw: (r) => (POSITIVE.has(op) ? 0.3 + 2 * r.next() : 2 * r.normal()),
    build: (g, [x]) => g.op(op, [x!]),
  };
};

export const softmax: Draw = (random) => {
  const shape = sizes(random, 1 + random.int(4), 6);
  const axis = random.int(shape.length);
  const isLog = random.int(2) === 0;
  return {
    name: `${isLog ? 'LogSoftmax' : 'Softmax'} [${shape}] along ${axis}`,
    shapes: [shape],
    torch: `F.${isLog ? 'log_softmax' : 'softmax'}(x0, ${axis})`,
    build: (g, [x]) => g.op(isLog ? 'LogSoftmax' : 'Softmax', [x!], { axis: int(axis - shape.length) }),
  };
};

export const gemm: Draw = (random) => {
  const [rows, inner, columns] = sizes(random, 3, 6) as [number, number, number];
  const [transA, transB] = [random.int(2), random.int(2)];
  const bias = broadcastable(random, [rows, columns]);
  const shapes = [transA ? [inner, rows] : [rows, inner], transB ? [columns, inner] : [inner, columns], bias];
  return {
    name: `Gemm ${shapes.map((s) => `[${s}]`).join(' ')} transposed ${transA} ${transB}`,
    shapes,
    torch: `0.5 * x0${transA ? '.T' : ''} @ x1${transB ? '.T' : ''} + 2 * x2`,
    build: (g, inputs) =>
      g.op('Gemm', inputs, { alpha: float(0.5), beta: float(2), transA: int(transA), transB: int(transB) }),
  };
};
