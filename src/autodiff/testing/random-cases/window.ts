/** Random pools, sequences, padding by name, and resizings. */
import { float, int, ints, str } from '../../../onnx/graph-builder.ts';
import type { Attributes } from '../../../onnx/model.ts';
import type { Random } from '../../../random.ts';
import { type Draw, flag, list, ofEach, python, thrice, tied, twice } from './draw.ts';

type Pair = readonly [number, number];
const channels = (random: Random): number => random.pick([1, 3, 8, 16, 20, 24]);

/** Far enough apart that the steps of finite differences do not change which is the largest. */
const apart = (random: Random): number => 20 * random.normal();

/** Pools: ceil_mode drops a window that would begin in the padding, in PyTorch as in ONNX. */
export const pools = ofEach({ MaxPool: true, AveragePool: false }, (op, isMax) => (random, round) => {
  const kernel = twice(() => 1 + random.int(3));
  const stride = twice(() => 1 + random.int(3));
  const dilation: Pair = isMax ? twice(() => random.pick([1, 1, 2])) : [1, 1];
  const pads = kernel.map((k) => random.int(Math.floor(k / 2) + 1));
  const size = kernel.map((k, i) => dilation[i]! * (k - 1) + 1 + random.int(6));
  const shape = [2, channels(random), ...size];
  const [ceil, include] = [random.int(2), random.int(2)];
  const options = `${python(kernel)}, ${python(stride)}, ${python(pads)}`;
  const attributes: Attributes = {
    kernel_shape: ints(kernel),
    strides: ints(stride),
    pads: ints([...pads, ...pads]),
    ceil_mode: int(ceil),
    ...(isMax ? { dilations: ints(dilation) } : { count_include_pad: int(include) }),
  };
  const torch = isMax
    ? `F.max_pool2d(x0, ${options}, ${python(dilation)}, ceil_mode=${flag(ceil)})`
    : `F.avg_pool2d(x0, ${options}, ceil_mode=${flag(ceil)}, count_include_pad=${flag(include)})`;
  const hasTies = isMax && round % 3 === 2;
  return {
    name: `${op} [${shape}] ${torch}${hasTies ? ', with ties' : ''}`,
    shapes: [shape],
    torch,
    draw: hasTies ? tied : apart,
    build: (g, [x]) => g.op(op, [x!], attributes),
  };
});

/** Windows that tile the image, as most networks have them. */
export const tiles = ofEach(
  { MaxPool: 'max_pool2d', AveragePool: 'avg_pool2d' },
  (op, torch) => (random, round) => {
    const kernel = twice(() => 1 + random.int(3));
    const shape = [2, random.pick([8, 16, 20, 24]), ...kernel.map((k) => k * (1 + random.int(3)))];
    return {
      name: `${op} [${shape}] in tiles of ${kernel}${round % 2 ? ', with ties' : ''}`,
      shapes: [shape],
      torch: `F.${torch}(x0, ${python(kernel)})`,
      draw: round % 2 ? tied : apart,
      build: (g, [x]) => g.op(op, [x!], { kernel_shape: ints(kernel), strides: ints(kernel) }),
    };
  },
);

/** The padding that ONNX's names stand for: as many outputs as strides fit, what is odd at the end or at the beginning. */
function padding(auto: string, size: readonly number[], kernel: Pair, stride: Pair): number[] {
  const sides = size.map((d, i): Pair => {
    const whole = Math.max(0, (Math.ceil(d / stride[i]!) - 1) * stride[i]! + kernel[i]! - d);
    const small = Math.floor(whole / 2);
    if (auto === 'VALID') return [0, 0];
    return auto === 'SAME_UPPER' ? [small, whole - small] : [whole - small, small];
  });
  // PyTorch's order: the last axis first.
  return [...sides[1]!, ...sides[0]!];
}

const AUTO: Readonly<
  Record<string, (padded: (x: string, value: string) => string, options: string) => string>
> = {
  Conv: (padded, options) => `F.conv2d(${padded('x0', '0')}, x1, stride=${options.split('; ')[1]})`,
  MaxPool: (padded, options) => `F.max_pool2d(${padded('x0', '-1e9')}, ${options.replace(';', ',')})`,
  AveragePool: (padded, options) => {
    const pool = (x: string): string => `F.avg_pool2d(${padded(x, '0')}, ${options.replace(';', ',')})`;
    return `${pool('x0')} / ${pool('torch.ones_like(x0)')}`;
  },
};
export const autoPadded = ofEach(AUTO, (op, torch) => (random, round) => {
  const auto = ['SAME_UPPER', 'SAME_LOWER', 'VALID'][round % 3]!;
  const kernel = twice(() => 1 + random.int(3));
  const stride = twice(() => 1 + random.int(2));
  const size = kernel.map((k) => k + random.int(5));
  const pads = padding(auto, size, kernel, stride);
  const shape = [2, random.pick([3, 16, 20]), ...size];
  const expression = torch(
    (x, value) => `F.pad(${x}, ${python(pads)}, value=${value})`,
    `${python(kernel)}; ${python(stride)}`,
  );
  return {
    name: `${op} [${shape}] ${auto}: kernel ${kernel}, stride ${stride}`,
    shapes: op === 'Conv' ? [shape, [random.pick([4, 16]), shape[1]!, ...kernel]] : [shape],
    torch: expression,
    draw: op === 'MaxPool' ? apart : (r) => r.normal(),
    build: (g, inputs) =>
      g.op(op, inputs, { kernel_shape: ints(kernel), strides: ints(stride), auto_pad: str(auto) }),
  };
});

/** Pools over volumes. */
export const volumePools = ofEach({ MaxPool: true, AveragePool: false }, (op, isMax) => (random) => {
  const kernel = thrice(() => 1 + random.int(3));
  const stride = thrice(() => 1 + random.int(3));
  const pads = kernel.map((k) => random.int(Math.floor(k / 2) + 1));
  const shape = [2, random.pick([3, 8]), ...kernel.map((k) => k + random.int(4))];
  const [ceil, include] = [random.int(2), random.int(2)];
  const options = `${python(kernel)}, ${python(stride)}, ${python(pads)}, ceil_mode=${flag(ceil)}`;
  const torch = isMax
    ? `F.max_pool3d(x0, ${options})`
    : `F.avg_pool3d(x0, ${options}, count_include_pad=${flag(include)})`;
  return {
    name: `${op} [${shape}] of a volume ${torch}`,
    shapes: [shape],
    torch,
    draw: apart,
    build: (g, [x]) =>
      g.op(op, [x!], {
        kernel_shape: ints(kernel),
        strides: ints(stride),
        pads: ints([...pads, ...pads]),
        ceil_mode: int(ceil),
        ...(!isMax && { count_include_pad: int(include) }),
      }),
  };
});

const RESIZINGS: Readonly<Record<string, { readonly torch: string; readonly attributes: Attributes }>> = {
  nearest: {
    torch: "mode='nearest'",
    attributes: {
      mode: str('nearest'),
      coordinate_transformation_mode: str('asymmetric'),
      nearest_mode: str('floor'),
    },
  },
  'nearest pixels': {
    torch: "mode='nearest-exact'",
    attributes: {
      mode: str('nearest'),
      coordinate_transformation_mode: str('half_pixel'),
      nearest_mode: str('round_prefer_ceil'),
    },
  },
  ...Object.fromEntries(
    (['linear', 'cubic'] as const).flatMap((mode) =>
      [false, true].map((aligned) => [
        `${mode} ${aligned ? 'corners' : 'pixels'}`,
        {
          torch: `mode='${mode === 'linear' ? 'bilinear' : 'bicubic'}', align_corners=${flag(aligned)}`,
          attributes: {
            mode: str(mode),
            coordinate_transformation_mode: str(aligned ? 'align_corners' : 'half_pixel'),
            cubic_coeff_a: float(-0.75),
          },
        },
      ]),
    ),
  ),
};
export const resizings: readonly Draw[] = ofEach(
  RESIZINGS,
  (name, { torch, attributes }) =>
    (random, round) => {
      const shape = [
        1 + random.int(2),
        round === 2 ? 16 : 1 + random.int(3),
        2 + random.int(4),
        2 + random.int(4),
      ];
      const size = [1 + random.int(8), 1 + random.int(8)];
      return {
        name: `Resize ${name} [${shape}] to ${size}`,
        shapes: [shape],
        torch: `F.interpolate(x0, size=${python(size)}, ${torch})`,
        build: (g, [x]) => g.op('Resize', [x!, '', '', list(g, shape[0]!, shape[1]!, ...size)], attributes),
      };
    },
);
