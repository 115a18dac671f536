/** Random pools, sequences and resizings. */
import { float, int, ints, str } from '../../../onnx/graph-builder.ts';
import type { Attributes } from '../../../onnx/model.ts';
import { type Draw, list, python } from './draw.ts';

/** Pools: ceil_mode drops a window that would begin in the padding, in PyTorch as in ONNX. */
export const pool: Draw = (random) => {
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
export const sequence: Draw = (random) => {
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

export const resize: Draw = (random) => {
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
