/** Cases of random shapes, axes, strides, paddings and broadcasts, for every family of operators. */
import { float, float32, type GraphBuilder, int, int64, ints, str } from '../../onnx/graph-builder.ts';
import type { Attributes } from '../../onnx/model.ts';
import type { Random } from '../../random.ts';
import type { OperatorCase } from './operator-case.ts';

type Draw = (random: Random) => OperatorCase;
type Shape = readonly number[];

const sizes = (random: Random, rank: number, largest = 4): number[] =>
  Array.from({ length: rank }, () => 1 + random.int(largest));
const shuffled = (random: Random, rank: number): number[] => {
  const rest = Array.from({ length: rank }, (_, i) => i);
  return Array.from({ length: rank }, () => rest.splice(random.int(rest.length), 1)[0]!);
};
const some = (random: Random, rank: number): number[] =>
  shuffled(random, rank)
    .slice(0, 1 + random.int(rank))
    .sort((a, b) => a - b);
const list = (g: GraphBuilder, ...values: number[]): string => g.constant(int64(values));
const python = (values: readonly number[]): string => `(${values.map((v) => `${v},`).join('')})`;

/** The shape, or one that broadcasts to it: axes of one element, leading axes left out. */
const broadcastable = (random: Random, shape: Shape): number[] =>
  shape.slice(random.int(shape.length + 1)).map((d) => (random.int(3) === 0 ? 1 : d));

const ARITHMETIC: Readonly<Record<string, string>> = {
  Add: 'x0 + x1',
  Sub: 'x0 - x1',
  Mul: 'x0 * x1',
  Div: 'x0 / x1',
  Pow: 'x0 ** x1',
  Min: 'torch.minimum(x0, x1)',
  Max: 'torch.maximum(x0, x1)',
};
const arithmetic: Draw = (random) => {
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

const where: Draw = (random) => {
  const full = sizes(random, 1 + random.int(3));
  const shapes = [full, broadcastable(random, full)];
  return {
    name: `Where ${shapes.map((s) => `[${s}]`).join(' ')}`,
    shapes,
    torch: 'torch.where(x0 >= 0.1, x0, x1)',
    build: (g, [a, b]) => g.op('Where', [g.op('GreaterOrEqual', [a!, g.constant(float32(0.1))]), a!, b!]),
  };
};

const matmul: Draw = (random) => {
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
const einsum: Draw = (random) => {
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
const reduction: Draw = (random) => {
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

/** Pools: ceil_mode drops a window that would begin in the padding, in PyTorch as in ONNX. */
const pool: Draw = (random) => {
  const kernel = [1 + random.int(3), 1 + random.int(3)];
  const stride = [1 + random.int(3), 1 + random.int(3)];
  const pads = kernel.map((k) => random.int(Math.floor(k / 2) + 1));
  const shape = [2, random.pick([1, 3, 8, 16]), kernel[0]! + random.int(6), kernel[1]! + random.int(6)];
  const ceil = random.int(2);
  const include = random.int(2);
  const isMax = random.int(2) === 0;
  const flag = (on: number): string => (on ? 'True' : 'False');
  const options = `${python(kernel)}, ${python(stride)}, ${python(pads)}, ceil_mode=${flag(ceil)}`;
  const attributes: Attributes = {
    kernel_shape: ints(kernel),
    strides: ints(stride),
    pads: ints([...pads, ...pads]),
    ceil_mode: int(ceil),
    ...(!isMax && { count_include_pad: int(include) }),
  };
  const torch = isMax
    ? `F.max_pool2d(x0, ${options})`
    : `F.avg_pool2d(x0, ${options}, count_include_pad=${flag(include)})`;
  return {
    name: `${isMax ? 'MaxPool' : 'AveragePool'} [${shape}] ${torch}`,
    shapes: [shape],
    torch,
    // Far enough apart that the steps of finite differences do not change which is the largest.
    draw: (r) => 20 * r.normal(),
    build: (g, [x]) => g.op(isMax ? 'MaxPool' : 'AveragePool', [x!], attributes),
  };
};

/** Convolutions and pools over sequences. */
const sequence: Draw = (random) => {
  const [kernel, stride, dilation] = [1 + random.int(3), 1 + random.int(2), 1 + random.int(2)];
  const pad = random.int(2);
  const groups = random.pick([1, 2]);
  const length = dilation * (kernel - 1) + 1 + random.int(5);
  const attributes: Attributes = {
    kernel_shape: ints([kernel]),
    strides: ints([stride]),
    dilations: ints([dilation]),
    pads: ints([pad, pad]),
    group: int(groups),
  };
  const transposed = random.int(2) === 0;
  const options = `stride=${stride}, padding=${pad}, dilation=${dilation}, groups=${groups}`;
  // A transposed convolution must leave something after its padding is cut off.
  const shapes = transposed
    ? [[2, 2 * groups, length + 2], [2 * groups, 3, kernel], [3 * groups]]
    : [[2, 2 * groups, length], [3 * groups, 2, kernel], [3 * groups]];
  return {
    name: `${transposed ? 'ConvTranspose' : 'Conv'} [${shapes[0]}] of a sequence, ${options}, kernel ${kernel}`,
    shapes,
    torch: `F.conv${transposed ? '_transpose' : ''}1d(x0, x1, x2, ${options})`,
    build: (g, inputs) => g.op(transposed ? 'ConvTranspose' : 'Conv', inputs, attributes),
  };
};

const slice: Draw = (random) => {
  const shape = sizes(random, 1 + random.int(3), 7);
  const axes = some(random, shape.length);
  const steps = axes.map(() => random.pick([1, 1, 2, 3]));
  const starts = axes.map((a) => random.int(shape[a]!));
  const ends = axes.map((a, i) => starts[i]! + 1 + random.int(shape[a]! - starts[i]!));
  const places = shape.map((_, a) => {
    const i = axes.indexOf(a);
    return i < 0 ? ':' : `${starts[i]}:${ends[i]}:${steps[i]}`;
  });
  return {
    name: `Slice [${shape}] ${places}`,
    shapes: [shape],
    torch: `x0[${places.join(', ')}]`,
    build: (g, [x]) =>
      g.op('Slice', [x!, list(g, ...starts), list(g, ...ends), list(g, ...axes), list(g, ...steps)]),
  };
};

const gather: Draw = (random) => {
  const shape = sizes(random, 1 + random.int(3), 5);
  const axis = random.int(shape.length);
  const indexShape = sizes(random, random.int(3), 3);
  const count = indexShape.reduce((a, b) => a * b, 1);
  const n = shape[axis]!;
  const indices = Array.from({ length: count }, () => random.int(2 * n) - n);
  const before = shape.slice(0, axis).map(() => ':, ');
  return {
    name: `Gather [${shape}] axis ${axis} indices [${indexShape}] ${indices}`,
    shapes: [shape],
    torch: `x0[${before.join('')}torch.tensor([${indices}]).reshape(${python(indexShape)})]`,
    build: (g, [x]) => {
      const tensor = { ...int64(indices), shape: indexShape };
      return g.op('Gather', [x!, g.constant(tensor)], { axis: int(axis) });
    },
  };
};

const transpose: Draw = (random) => {
  const shape = sizes(random, 1 + random.int(5));
  const perm = shuffled(random, shape.length);
  return {
    name: `Transpose [${shape}] ${perm}`,
    shapes: [shape],
    torch: `x0.permute(${python(perm)})`,
    build: (g, [x]) => g.op('Transpose', [x!], { perm: ints(perm) }),
  };
};

const concat: Draw = (random) => {
  const shape = sizes(random, 1 + random.int(4));
  const axis = random.int(shape.length);
  const shapes = Array.from({ length: 1 + random.int(4) }, () =>
    shape.map((d, i) => (i === axis ? 1 + random.int(4) : d)),
  );
  return {
    name: `Concat ${shapes.map((s) => `[${s}]`).join(' ')} axis ${axis}`,
    shapes,
    torch: `torch.cat([${shapes.map((_, i) => `x${i}`)}], ${axis})`,
    build: (g, inputs) => g.op('Concat', inputs, { axis: int(axis) }),
  };
};

const PAD_MODES = { constant: 'constant', reflect: 'reflect', edge: 'replicate', wrap: 'circular' } as const;
const pad: Draw = (random) => {
  const mode = random.pick(Object.keys(PAD_MODES) as (keyof typeof PAD_MODES)[]);
  const shape = [2, 3, 3 + random.int(4), 3 + random.int(4)];
  const pads = Array.from({ length: 4 }, () => random.int(3));
  if (mode === 'constant') pads[random.int(4)] = -1;
  const [top, left, bottom, right] = pads;
  return {
    name: `Pad ${mode} [${shape}] ${pads}`,
    shapes: [shape],
    torch: `F.pad(x0, (${left}, ${right}, ${top}, ${bottom}), mode='${PAD_MODES[mode]}')`,
    build: (g, [x]) =>
      g.op('Pad', [x!, list(g, 0, 0, top!, left!, 0, 0, bottom!, right!)], { mode: str(mode) }),
  };
};

const resize: Draw = (random) => {
  const shape = [1 + random.int(2), 1 + random.int(3), 2 + random.int(4), 2 + random.int(4)];
  const size = [1 + random.int(8), 1 + random.int(8)];
  const mode = random.pick(['linear', 'cubic'] as const);
  const aligned = random.int(2) === 0;
  const attributes: Attributes = {
    mode: str(mode),
    coordinate_transformation_mode: str(aligned ? 'align_corners' : 'half_pixel'),
    cubic_coeff_a: float(-0.75),
  };
  const theirs = mode === 'linear' ? 'bilinear' : 'bicubic';
  return {
    name: `Resize ${mode} [${shape}] to ${size}, ${aligned ? 'corners' : 'pixels'} aligned`,
    shapes: [shape],
    torch: `F.interpolate(x0, size=${python(size)}, mode='${theirs}', align_corners=${aligned ? 'True' : 'False'})`,
    build: (g, [x]) => g.op('Resize', [x!, '', '', list(g, shape[0]!, shape[1]!, ...size)], attributes),
  };
};

const norm: Draw = (random) => {
  const groups = 1 + random.int(3);
  const channels = groups * (1 + random.int(3));
  const shape = [1 + random.int(3), channels, 2 + random.int(3), 2 + random.int(3)];
  const epsilon = { epsilon: float(1e-3) };
  const drawn = random.pick([
    {
      op: 'GroupNormalization',
      scale: [channels],
      torch: `F.group_norm(x0, ${groups}, x1, x2, 1e-3)`,
      attributes: { ...epsilon, num_groups: int(groups) },
    },
    {
      op: 'LayerNormalization',
      scale: shape.slice(2),
      torch: `F.layer_norm(x0, ${python(shape.slice(2))}, x1, x2, 1e-3)`,
      attributes: { ...epsilon, axis: int(-2) },
    },
    {
      op: 'InstanceNormalization',
      scale: [channels],
      torch: 'F.instance_norm(x0, weight=x1, bias=x2, eps=1e-3)',
      attributes: epsilon,
    },
  ]);
  return {
    name: `${drawn.op} [${shape}]`,
    shapes: [shape, drawn.scale, drawn.scale],
    torch: drawn.torch,
    build: (g, inputs) => g.op(drawn.op, inputs, drawn.attributes),
  };
};

const FAMILIES: Readonly<Record<string, { readonly draw: Draw; readonly count: number }>> = {
  arithmetic: { draw: arithmetic, count: 15 },
  where: { draw: where, count: 4 },
  matmul: { draw: matmul, count: 10 },
  einsum: { draw: einsum, count: 15 },
  reduction: { draw: reduction, count: 15 },
  pool: { draw: pool, count: 15 },
  sequence: { draw: sequence, count: 10 },
  slice: { draw: slice, count: 8 },
  gather: { draw: gather, count: 8 },
  transpose: { draw: transpose, count: 5 },
  concat: { draw: concat, count: 5 },
  pad: { draw: pad, count: 8 },
  resize: { draw: resize, count: 10 },
  norm: { draw: norm, count: 8 },
};

/** The same cases for the same seed. */
export const randomCases = (random: Random): OperatorCase[] =>
  Object.entries(FAMILIES).flatMap(([name, { draw, count }]) => {
    const stream = random.split(name);
    return Array.from({ length: count }, () => draw(stream));
  });
