/** Random convolutions over images, sequences and volumes: strides, paddings, dilations, groups, depthwise. */
import { int, ints } from '../../../onnx/graph-builder.ts';
import type { Attributes } from '../../../onnx/model.ts';
import { type Draw, ofEach, python, thrice } from './draw.ts';

/** Attributes of a convolution over any number of axes, padded alike at both ends. */
const windows = (
  kernel: readonly number[],
  stride: readonly number[],
  dilation: readonly number[],
  pads: readonly number[],
  groups: number,
): Attributes => ({
  kernel_shape: ints(kernel),
  strides: ints(stride),
  dilations: ints(dilation),
  pads: ints([...pads, ...pads]),
  group: int(groups),
});

const GROUPS = [1, 1, 2, 1, 4, 16, 1, 8, 2, 24];

export const convolution: Draw = (random, round) => {
  const groups = GROUPS[round % GROUPS.length]!;
  const isDepthwise = groups >= 8;
  const inputs = isDepthwise ? groups : groups * random.pick([1, 2, 16 / groups, 20 / groups]);
  const outputs = isDepthwise ? groups : groups * random.pick([1, 3, 32 / groups, 24 / groups]);
  const kernel = [random.pick([1, 2, 3]), random.pick([1, 3, 5])];
  const stride = [random.pick([1, 1, 2]), random.pick([1, 1, 2, 3])];
  const dilation = [random.pick([1, 1, 2]), random.pick([1, 1, 2])];
  const pads = kernel.map((k, i) => random.pick([0, Math.floor((dilation[i]! * (k - 1)) / 2)]));
  const size = kernel.map((k, i) => dilation[i]! * (k - 1) + 1 + random.int(6));
  const attributes = windows(kernel, stride, dilation, pads, groups);
  const options = `stride=(${stride}), padding=(${pads}), dilation=(${dilation}), groups=${groups}`;
  const shapes = [[2 + 2 * random.int(2), inputs, ...size], [outputs, inputs / groups, ...kernel], [outputs]];
  return {
    name: `Conv [${shapes[0]}] with [${shapes[1]}]: ${options}`,
    shapes,
    torch: `F.conv2d(x0, x1, x2, ${options})`,
    build: (g, values) => g.op('Conv', values, attributes),
  };
};

export const transposedConvolution: Draw = (random) => {
  const groups = random.pick([1, 1, 2]);
  const stride = random.pick([1, 2, 3]);
  const dilation = random.pick([1, 2]);
  const extra = random.int(stride);
  const kernel = random.pick([2, 3, 4]);
  const pad = random.int(Math.min(2, kernel));
  const attributes: Attributes = {
    ...windows([kernel, kernel], [stride, stride], [dilation, dilation], [pad, pad], groups),
    output_padding: ints([extra, extra]),
  };
  const channels = random.pick([2, 8, 12]) * groups;
  const shapes = [[2, channels, 4, 5], [channels, 3, kernel, kernel], [3 * groups]];
  const options = `stride=${stride}, padding=${pad}, output_padding=${extra}, groups=${groups}, dilation=${dilation}`;
  return {
    name: `ConvTranspose [${shapes[0]}] with [${shapes[1]}]: ${options}`,
    shapes,
    torch: `F.conv_transpose2d(x0, x1, x2, ${options})`,
    build: (g, values) => g.op('ConvTranspose', values, attributes),
  };
};

/** Convolutions over sequences. */
export const sequences = ofEach({ Conv: '', ConvTranspose: '_transpose' }, (op, suffix) => (random) => {
  const [kernel, stride, dilation] = [1 + random.int(3), 1 + random.int(2), 1 + random.int(2)];
  const pad = random.int(2);
  const groups = random.pick([1, 2]);
  const length = dilation * (kernel - 1) + 1 + random.int(5);
  const attributes = windows([kernel], [stride], [dilation], [pad], groups);
  const options = `stride=${stride}, padding=${pad}, dilation=${dilation}, groups=${groups}`;
  // A transposed convolution must leave something after its padding is cut off.
  const shapes = suffix
    ? [[2, 2 * groups, length + 2], [2 * groups, 3, kernel], [3 * groups]]
    : [[2, 2 * groups, length], [3 * groups, 2, kernel], [3 * groups]];
  return {
    name: `${op} [${shapes[0]}] of a sequence, ${options}, kernel ${kernel}`,
    shapes,
    torch: `F.conv${suffix}1d(x0, x1, x2, ${options})`,
    build: (g, inputs) => g.op(op, inputs, attributes),
  };
});

/** Convolutions over volumes. */
export const volumes = ofEach({ Conv: '', ConvTranspose: '_transpose' }, (op, suffix) => (random, round) => {
  const kernel = thrice(() => 1 + random.int(3));
  const stride = thrice(() => 1 + random.int(2));
  const dilation = thrice(() => random.pick([1, 1, 2]));
  const pads = thrice(() => random.int(2));
  const groups = random.pick([1, 2]);
  const extra = stride.map((s) => (suffix ? random.int(s) : 0));
  const size = kernel.map((k, i) => dilation[i]! * (k - 1) + 1 + random.int(3) + (suffix ? 2 : 0));
  const perGroup = round % 2 ? 2 : 8;
  const attributes: Attributes = {
    ...windows(kernel, stride, dilation, pads, groups),
    ...(suffix && { output_padding: ints(extra) }),
  };
  const options =
    `stride=${python(stride)}, padding=${python(pads)}, dilation=${python(dilation)}, groups=${groups}` +
    (suffix ? `, output_padding=${python(extra)}` : '');
  const channels = perGroup * groups;
  const shapes = [
    [2, channels, ...size],
    suffix ? [channels, 3, ...kernel] : [3 * groups, perGroup, ...kernel],
    [3 * groups],
  ];
  return {
    name: `${op} [${shapes[0]}] of a volume, ${options}, kernel ${kernel}`,
    shapes,
    torch: `F.conv${suffix}3d(x0, x1, x2, ${options})`,
    build: (g, inputs) => g.op(op, inputs, attributes),
  };
});
