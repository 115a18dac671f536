/** Random arithmetic and reductions. */
import { float32, int } from '../../../onnx/graph-builder.ts';
import type { Random } from '../../../random.ts';
import {
  anyOrImage,
  broadcastable,
  type Draw,
  flag,
  image,
  list,
  mutual,
  named,
  ofEach,
  positive,
  python,
  size,
  sizes,
  some,
  tied,
} from './draw.ts';

/** A pair of shapes: one spread over the other, each over the other, two images (blocked as they are, or filled up), an image and a value for each channel. */
function pair(random: Random, round: number): number[][] {
  const kinds: readonly (() => number[][])[] = [
    () => {
      const full = sizes(random, 1 + random.int(4));
      return [full, broadcastable(random, full)];
    },
    () => mutual(random, sizes(random, 2 + random.int(3))),
    () => {
      const shape = image(random, 'whole');
      return [shape, shape];
    },
    () => {
      const shape = image(random, 'filled');
      return [shape, shape];
    },
    () => {
      const shape = image(random);
      return [shape, random.pick([[shape[0], shape[1], 1, 1], [shape[1], 1, 1], []])];
    },
  ];
  const shapes = kinds[round % kinds.length]!();
  return random.int(2) === 0 ? shapes : shapes.reverse();
}

const BINARY: Readonly<Record<string, string>> = {
  Add: 'x0 + x1',
  Sub: 'x0 - x1',
  Mul: 'x0 * x1',
  Div: 'x0 / x1',
  Pow: 'x0 ** x1',
  Min: 'torch.minimum(x0, x1)',
  Max: 'torch.maximum(x0, x1)',
};
export const binary = ofEach(BINARY, (op, torch) => (random, round) => {
  const shapes = pair(random, round);
  return {
    name: `${op} ${named(shapes)}`,
    shapes,
    torch,
    draw: positive,
    build: (g, inputs) => g.op(op, inputs),
  };
});

/** Equal ones share the gradient. */
const TIED: Readonly<Record<string, string>> = {
  Min: 'torch.minimum(x0, x1)',
  Max: 'torch.maximum(x0, x1)',
};
export const tiedExtrema = ofEach(TIED, (op, torch) => (random, round) => {
  const shapes = pair(random, round + 1);
  return {
    name: `${op} ${named(shapes)} with ties`,
    shapes,
    torch,
    draw: tied,
    build: (g, inputs) => g.op(op, inputs),
  };
});

const VARIADIC: Readonly<Record<string, string>> = { Sum: 'x0 + x1 + x2', Mean: '(x0 + x1 + x2) / 3' };
export const variadic = ofEach(VARIADIC, (op, torch) => (random, round) => {
  const [a, b] = pair(random, round);
  const shapes = random.int(2) === 0 ? [a!, b!, a!] : [a!, b!, [1]];
  return { name: `${op} ${named(shapes)}`, shapes, torch, build: (g, inputs) => g.op(op, inputs) };
});

/** Whole exponents of negative numbers too. */
export const constantPower: readonly Draw[] = [2, 3, 1, 0, -2, 0.5].map((exponent) => (random, round) => {
  const shape = anyOrImage(random, round, random.int(4));
  const whole = Number.isInteger(exponent);
  return {
    name: `Pow [${shape}] to the ${exponent}`,
    shapes: [shape],
    torch: `x0 ** ${exponent}`,
    draw: (r) => (whole ? r.pick([-1, 1]) : 1) * positive(r),
    build: (g, [x]) => g.op('Pow', [x!, g.constant(float32(exponent))]),
  };
});

export const where: Draw = (random, round) => {
  const shapes = pair(random, round);
  return {
    name: `Where ${named(shapes)}`,
    shapes,
    torch: 'torch.where(x0 >= 0.1, x0, x1)',
    build: (g, [a, b]) => g.op('Where', [g.op('GreaterOrEqual', [a!, g.constant(float32(0.1))]), a!, b!]),
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
const reduce =
  (op: string, torch: (axes: string, keep: string) => string, draw: (random: Random) => number): Draw =>
  (random, round) => {
    const shape = anyOrImage(random, round, 1 + random.int(4));
    const axes = some(random, shape.length);
    const keep = random.int(2);
    const given = axes.map((a) => (random.int(2) === 0 ? a : a - shape.length));
    return {
      name: `${op} [${shape}] over ${axes}, kept ${keep}${draw === tied ? ', with ties' : ''}`,
      shapes: [shape],
      torch: torch(python(axes), flag(keep)),
      draw,
      build: (g, [x]) => g.op(op, [x!, list(g, ...given)], { keepdims: int(keep) }),
    };
  };
export const reduction = ofEach(REDUCTIONS, (op, torch) => reduce(op, torch, positive));
export const tiedReduction = ['ReduceMax', 'ReduceMin'].map((op) => reduce(op, REDUCTIONS[op]!, tied));

/** PyTorch's product is over one axis. */
export const product: Draw = (random, round) => {
  const shape = anyOrImage(random, round, 1 + random.int(4));
  const axis = random.int(shape.length);
  const keep = random.int(2);
  return {
    name: `ReduceProd [${shape}] over ${axis}, kept ${keep}`,
    shapes: [shape],
    torch: `x0.prod(${axis}, keepdim=${flag(keep)})`,
    draw: (r) => r.pick([-1, 1]) * (0.6 + 0.8 * r.next()),
    build: (g, [x]) => g.op('ReduceProd', [x!, list(g, axis)], { keepdims: int(keep) }),
  };
};

/** The whole of an image or sequence. */
export const globalPools = ofEach(
  {
    GlobalAveragePool: (axes: string) => `x0.mean(${axes}, keepdim=True)`,
    GlobalMaxPool: (axes: string) => `x0.amax(${axes}, keepdim=True)`,
  },
  (op, torch) => (random, round) => {
    const shape = round % 2 === 0 ? sizes(random, 3 + random.int(2), 5) : image(random, 'filled');
    const axes = shape.slice(2).map((_, i) => i + 2);
    return {
      name: `${op} [${shape}]`,
      shapes: [shape],
      torch: torch(python(axes)),
      draw: round === 3 ? tied : (r) => r.normal(),
      build: (g, [x]) => g.op(op, [x!]),
    };
  },
);

const QUANTISED = { uint8: [0, 255], int8: [-128, 127] } as const;
type Integer = keyof typeof QUANTISED;
const integer = (dtype: Integer, values: readonly number[], shape: readonly number[] = [values.length]) => ({
  dtype,
  shape,
  data: dtype === 'uint8' ? Uint8Array.from(values) : Int8Array.from(values),
});

/**
 * Clipped, rounded and back. Values keep clear of ties and of the half step around the bounds, where PyTorch does not
 * clip yet.
 */
export const quantise = ofEach(QUANTISED, (dtype, [low, high]) => (random, round) => {
  const shape = anyOrImage(random, round, 1 + random.int(4));
  const scale = random.pick([0.02, 0.05, 0.1]);
  const zero = low + random.int(256);
  return {
    name: `QuantizeLinear ${dtype} [${shape}] by ${scale} from ${zero}`,
    shapes: [shape],
    torch: `torch.fake_quantize_per_tensor_affine(x0, ${scale}, ${zero}, ${low}, ${high})`,
    draw: (r) => {
      const steps = Math.round(100 * r.normal());
      return scale * (steps > 0 ? steps - 0.3 : steps + 0.3);
    },
    straightThrough: true,
    build: (g, [x]) => {
      const bound = (value: number): string => g.constant(float32((value - zero) * scale));
      const parameters = [g.constant(float32(scale)), g.constant(integer(dtype, [zero], []))];
      const whole = g.op('QuantizeLinear', [g.op('Clip', [x!, bound(low), bound(high)]), ...parameters]);
      return g.op('DequantizeLinear', [whole, ...parameters]);
    },
  };
});

/** A scale for each channel, inside the bounds. */
export const dequantise: Draw = (random, round) => {
  const shape = anyOrImage(random, round, 2 + random.int(3));
  const scales = Array.from({ length: shape[1]! }, () => random.pick([0.02, 0.05, 0.1]));
  const zeros = scales.map(() => 0);
  const torch = `torch.fake_quantize_per_channel_affine(x0, torch.tensor([${scales}]), torch.zeros(${size([shape[1]!])}, dtype=torch.int32), 1, -128, 127)`;
  return {
    name: `DequantizeLinear [${shape}], a scale for each channel`,
    shapes: [shape],
    torch,
    // No multiple of any of the scales, nor of halves of them.
    draw: (r) => 0.1 * Math.round(4 * r.normal()) + 0.003,
    straightThrough: true,
    build: (g, [x]) => {
      const parameters = [g.constant(float32(scales)), g.constant(integer('int8', zeros))];
      const axis = { axis: int(1) };
      return g.op(
        'DequantizeLinear',
        [g.op('QuantizeLinear', [x!, ...parameters], axis), ...parameters],
        axis,
      );
    },
  };
};
