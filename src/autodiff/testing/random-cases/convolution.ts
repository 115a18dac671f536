/** Random convolutions: strides, paddings, dilations, groups, depthwise. */
import { int, ints } from '../../../onnx/graph-builder.ts';
import type { Attributes } from '../../../onnx/model.ts';
import type { Draw } from './draw.ts';

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
  const attributes: Attributes = {
    kernel_shape: ints(kernel),
    strides: ints(stride),
    dilations: ints(dilation),
    pads: ints([...pads, ...pads]),
    group: int(groups),
  };
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
    kernel_shape: ints([kernel, kernel]),
    strides: ints([stride, stride]),
    dilations: ints([dilation, dilation]),
    pads: ints([pad, pad, pad, pad]),
    output_padding: ints([extra, extra]),
    group: int(groups),
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
