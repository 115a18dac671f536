/**
 * Operators as operator sets 18 to 26 write them: a training step on the file's own form has the loss of the file, run as it
 * is by ONNX Runtime, and the gradient of that loss by finite differences.
 */
import { describe, expect, test } from 'vitest';
import { float, float32, int, int64, ints, str } from '../onnx/graph-builder.ts';
import type { OnnxNode, Tensor } from '../onnx/model.ts';
import { node } from '../onnx/testing/node.ts';
import { createRandom } from '../random.ts';
import { LOSSES } from './losses/index.ts';
import { OPTIMISERS } from './optimisers/index.ts';
import { type FileCase, fileModel, normalTensor, trainedAsTheFileComputes } from './testing/file-case.ts';
import { trainingGraph } from './training-graph.ts';

const random = createRandom('constants');
const drawn = (shape: readonly number[]): Tensor => normalTensor(random, shape);

const image = [2, 4, 5, 6];

/** `h` along an axis, in parts of these sizes. */
const splitInto = (names: readonly string[], axis: number): OnnxNode => ({
  ...node('Split', ['h', 'sizes'], names[0]!, { axis: int(axis) }),
  outputs: names,
});
const bool = (shape: readonly number[], values: readonly number[]): Tensor => ({
  dtype: 'bool',
  shape,
  data: Uint8Array.from(values),
});
const angles = (shape: readonly number[], of: (x: number) => number): Tensor => ({
  dtype: 'float32',
  shape,
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => of(0.3 * i)),
});

/** Left, top, right, bottom: within the image, over its border, too small, far outside. */
const REGIONS = {
  regions: float32(
    [1.2, 0.7, 4.4, 5.1, -3, 2, 9, 8.5, 2, 3, 2.4, 3.3, 20, 20, 30, 40, 0, 0, 6.5, 5.5],
    [5, 4],
  ),
  images: int64([1, 0, 1, 0, 0]),
};

const ATTENTION_CASES: Readonly<Record<string, FileCase>> = {
  'Attention, 23': {
    opset: 23,
    shape: [2, 6, 3, 4],
    initializers: { sizes: int64([2, 2, 2]) },
    nodes: [splitInto(['q', 'k', 'v'], 1), node('Attention', ['q', 'k', 'v'], 'y')],
  },
  'Attention that looks back only, scaled, bounded, 23': {
    opset: 23,
    shape: [1, 2, 4, 3],
    nodes: [
      node('Attention', ['h', 'h', 'h'], 'y', { is_causal: int(1), scale: float(0.7), softcap: float(1.5) }),
    ],
  },
  'Attention under a mask, grouped queries, 23': {
    opset: 23,
    shape: [2, 8, 3, 4],
    initializers: { sizes: int64([4, 2, 2]), mask: bool([3, 3], [1, 0, 1, 1, 1, 0, 0, 1, 1]) },
    nodes: [splitInto(['q', 'k', 'v'], 1), node('Attention', ['q', 'k', 'v', 'mask'], 'y')],
  },
  'Attention with heads in the last axis, an added mask, 24': {
    opset: 24,
    shape: [2, 3, 24],
    initializers: { sizes: int64([12, 6, 6]), mask: drawn([2, 1, 3, 3]) },
    nodes: [
      splitInto(['q', 'k', 'v'], 2),
      node('Attention', ['q', 'k', 'v', 'mask'], 'y', { q_num_heads: int(4), kv_num_heads: int(2) }),
    ],
  },
  'Attention of another length and width, 23': {
    opset: 23,
    shape: [2, 1, 3, 4],
    initializers: { k: drawn([2, 1, 5, 4]), v: drawn([2, 1, 5, 2]) },
    nodes: [node('Attention', ['h', 'k', 'v'], 'y')],
  },
  'RotaryEmbedding, 23': {
    opset: 23,
    shape: [2, 2, 3, 4],
    initializers: { cos: angles([2, 3, 2], Math.cos), sin: angles([2, 3, 2], Math.sin) },
    nodes: [node('RotaryEmbedding', ['h', 'cos', 'sin'], 'y')],
  },
  'RotaryEmbedding of neighbours, part of each head, by positions, 23': {
    opset: 23,
    shape: [2, 3, 12],
    initializers: {
      cos: angles([7, 2], Math.cos),
      sin: angles([7, 2], Math.sin),
      positions: { ...int64([0, 1, 2, 4, 5, 6]), shape: [2, 3] },
    },
    nodes: [
      node('RotaryEmbedding', ['h', 'cos', 'sin', 'positions'], 'y', {
        interleaved: int(1),
        num_heads: int(2),
        rotary_embedding_dim: int(4),
      }),
    ],
  },
};
const CASES: Readonly<Record<string, FileCase>> = {
  'reductions, 18: axes are an input, or none': {
    opset: 18,
    shape: [2, 3, 4],
    initializers: { axes: int64([-1]), none: int64([]) },
    nodes: [
      node('ReduceLogSumExp', ['h', 'axes'], 'a', { keepdims: int(1) }),
      node('ReduceL2', ['a', 'none'], 'b', { noop_with_empty_axes: int(1) }),
      node('ReduceMean', ['b', ''], 'c', { keepdims: int(1) }),
      node('ReduceSum', ['h', 'axes'], 'd', { keepdims: int(0) }),
      node('Add', ['c', 'd'], 'y'),
    ],
  },
  'a reduction without axes that does nothing, 18': {
    opset: 18,
    shape: [2, 3],
    nodes: [node('ReduceSum', ['h'], 'y', { noop_with_empty_axes: int(1) })],
  },
  'Split by the number of parts, 18': {
    opset: 18,
    shape: [2, 7],
    nodes: [
      { ...node('Split', ['h'], 'a', { axis: int(-1), num_outputs: int(3) }), outputs: ['a', 'b', 'c'] },
      node('Concat', ['c', 'a', 'b'], 'y', { axis: int(1) }),
    ],
  },
  'Pad of some axes, 18': {
    opset: 18,
    shape: image,
    initializers: { pads: int64([1, 2, 0, 1]), axes: int64([-1, 2]) },
    nodes: [node('Pad', ['h', 'pads', '', 'axes'], 'y', { mode: str('reflect') })],
  },
  'Pad around, 19': {
    opset: 19,
    shape: [1, 2, 4, 5],
    initializers: { pads: int64([2, 1]), axes: int64([3]) },
    nodes: [node('Pad', ['h', 'pads', '', 'axes'], 'y', { mode: str('wrap') })],
  },
  'Resize of some axes that keeps the aspect, 18': {
    opset: 18,
    shape: [1, 2, 4, 6],
    initializers: { sizes: int64([12, 12]) },
    nodes: [
      node('Resize', ['h', '', '', 'sizes'], 'y', {
        mode: str('linear'),
        axes: ints([2, 3]),
        keep_aspect_ratio_policy: str('not_larger'),
      }),
    ],
  },
  'Resize with symmetric pixels, 19': {
    opset: 19,
    shape: [1, 2, 4, 5],
    initializers: { scales: float32([1, 1, 1.6, 1.7]) },
    nodes: [
      node('Resize', ['h', '', 'scales'], 'y', {
        mode: str('linear'),
        coordinate_transformation_mode: str('half_pixel_symmetric'),
      }),
    ],
  },
  'Reshape that takes 0 for a size of none, 14 to 23': {
    opset: 23,
    shape: [2, 3, 4],
    initializers: { target: int64([0, -1]), empty: int64([0, 12]), row: float32([], [0, 12]) },
    nodes: [
      node('Reshape', ['h', 'target'], 'a'),
      node('Reshape', ['row', 'empty'], 'b', { allowzero: int(1) }),
      node('Concat', ['a', 'b'], 'y', { axis: int(0) }),
    ],
  },
  'Shape of some axes, 19': {
    opset: 19,
    shape: [2, 3, 4],
    initializers: { rest: int64([-1]) },
    nodes: [
      node('Shape', ['h'], 'a', { start: int(0), end: int(-2) }),
      node('Concat', ['a', 'rest'], 'b', { axis: int(0) }),
      node('Reshape', ['h', 'b'], 'y'),
    ],
  },
  'Cast with saturation, 19': {
    opset: 19,
    shape: [2, 3],
    nodes: [
      node('Cast', ['h'], 'a', { to: int(11), saturate: int(0) }),
      node('Cast', ['a'], 'y', { to: int(1) }),
    ],
  },
  'AveragePool with holes, 19': {
    opset: 19,
    shape: [1, 2, 7, 8],
    nodes: [
      node('AveragePool', ['h'], 'y', {
        kernel_shape: ints([2, 3]),
        dilations: ints([2, 2]),
        pads: ints([1, 0, 1, 0]),
        count_include_pad: int(1),
      }),
    ],
  },
  'Gelu, 20': {
    opset: 20,
    shape: [3, 4],
    nodes: [node('Gelu', ['h'], 'a', { approximate: str('tanh') }), node('Gelu', ['a'], 'y')],
  },
  'GroupNormalization per group, 18': {
    opset: 18,
    shape: image,
    initializers: { scale: float32([1.5, 0.5]), bias: float32([0.1, -0.2]) },
    nodes: [node('GroupNormalization', ['h', 'scale', 'bias'], 'y', { num_groups: int(2) })],
  },
  'GroupNormalization per channel, 21': {
    opset: 21,
    shape: image,
    initializers: { scale: float32([1.5, 0.5, 1, 2]), bias: float32([0.1, -0.2, 0, 0.3]) },
    nodes: [
      node('GroupNormalization', ['h', 'scale', 'bias'], 'y', { num_groups: int(2), epsilon: float(1e-3) }),
    ],
  },
  'layers whose types grew in 22': {
    opset: 22,
    shape: image,
    initializers: {
      kernel: drawn([3, 4, 3, 3]),
      up: drawn([3, 2, 2, 2]),
      scale: float32([1, 2]),
      bias: float32([0, 1]),
    },
    nodes: [
      node('Conv', ['h', 'kernel'], 'a', { pads: ints([1, 1, 1, 1]) }),
      node('Elu', ['a'], 'b'),
      node('MaxPool', ['b'], 'c', { kernel_shape: ints([2, 2]), strides: ints([2, 2]) }),
      node('ConvTranspose', ['c', 'up'], 'd', { strides: ints([2, 2]) }),
      node('InstanceNormalization', ['d', 'scale', 'bias'], 'e'),
      node('GlobalAveragePool', ['e'], 'f'),
      node('HardSwish', ['d'], 'g'),
      node('Add', ['f', 'g'], 'y'),
    ],
  },
  'RMSNormalization, 23': {
    opset: 23,
    shape: [2, 3, 4],
    initializers: { scale: float32([1, 2, 3, 4]) },
    nodes: [node('RMSNormalization', ['h', 'scale'], 'y', { axis: int(-1) })],
  },
  'RoiAlign, 16': {
    opset: 16,
    shape: [2, 3, 6, 7],
    initializers: REGIONS,
    nodes: [
      node('RoiAlign', ['h', 'regions', 'images'], 'y', {
        output_height: int(2),
        output_width: int(3),
        sampling_ratio: int(2),
        spatial_scale: float(0.5),
      }),
    ],
  },
  'RoiAlign from the corner of a pixel, 11': {
    opset: 11,
    shape: [2, 3, 6, 7],
    initializers: REGIONS,
    nodes: [
      node('RoiAlign', ['h', 'regions', 'images'], 'y', {
        output_height: int(3),
        output_width: int(2),
        sampling_ratio: int(3),
      }),
    ],
  },
  'RoiAlign from the corner of a pixel, as is said, 18': {
    opset: 18,
    shape: [2, 3, 6, 7],
    initializers: REGIONS,
    nodes: [
      node('RoiAlign', ['h', 'regions', 'images'], 'y', {
        coordinate_transformation_mode: str('output_half_pixel'),
        output_height: int(1),
        output_width: int(4),
        sampling_ratio: int(1),
      }),
    ],
  },
  ...ATTENTION_CASES,
  'Swish, 24': { opset: 24, shape: [3, 4], nodes: [node('Swish', ['h'], 'y', { alpha: float(1.3) })] },
  'plain layers, 26': {
    opset: 26,
    shape: [2, 6],
    initializers: { matrix: drawn([6, 3]) },
    nodes: [node('MatMul', ['h', 'matrix'], 'a'), node('Softmax', ['a'], 'y')],
  },
};

describe('as the file computes', () => {
  test.each(Object.entries(CASES))('%s', async (name, at) => {
    const { loss, gradient } = await trainedAsTheFileComputes(at, createRandom(name));
    expect(loss).toBeLessThan(1e-5);
    expect(gradient).toBeLessThan(0.02);
  });
});

describe('refused with the reason', () => {
  const refused: Readonly<Record<string, readonly [FileCase, RegExp]>> = {
    'operator sets that nobody knows yet': [
      { opset: 27, shape: [2], nodes: [node('Relu', ['h'], 'y')] },
      /operator set 27; 11 to 26 are handled/,
    ],
    'resizing to a rounded size that keeps the aspect, 18': [
      {
        opset: 18,
        shape: [1, 1, 3, 5],
        initializers: { sizes: int64([4, 9]) },
        nodes: [
          node('Resize', ['h', '', '', 'sizes'], 'y', {
            axes: ints([2, 3]),
            keep_aspect_ratio_policy: str('not_larger'),
          }),
        ],
      },
      /no size is rounded/,
    ],
    'resizing with antialiasing, 18': [
      {
        opset: 18,
        shape: [1, 1, 4, 4],
        initializers: { sizes: int64([1, 1, 2, 2]) },
        nodes: [node('Resize', ['h', '', '', 'sizes'], 'y', { mode: str('linear'), antialias: int(1) })],
      },
      /Resize/,
    ],
    'scattering by the largest, 18': [
      {
        opset: 18,
        shape: [2, 3],
        initializers: { i: { ...int64([0, 1]), shape: [1, 2] }, u: float32([1, 2], [1, 2]) },
        nodes: [node('ScatterElements', ['h', 'i', 'u'], 'y', { reduction: str('max') })],
      },
      /ScatterElements/,
    ],
    'RoiAlign of as many points as the region is large': [
      {
        opset: 16,
        shape: [2, 3, 6, 7],
        initializers: REGIONS,
        nodes: [node('RoiAlign', ['h', 'regions', 'images'], 'y')],
      },
      /RoiAlign \(without a sampling_ratio\)/,
    ],
    'an operator without a rule': [
      {
        opset: 18,
        shape: [2, 2, 4, 4],
        nodes: [node('LpPool', ['h'], 'y', { kernel_shape: ints([2, 2]) })],
      },
      /The ONNX operator LpPool \(node ".*"\) is not handled/,
    ],
  };
  test('attention that keeps what it saw is not for training', () => {
    const cached: FileCase = {
      opset: 23,
      shape: [1, 1, 2, 2],
      initializers: { past: drawn([1, 1, 2, 2]) },
      nodes: [node('Attention', ['h', 'h', 'h', '', 'past', 'past'], 'y')],
    };
    const model = fileModel(cached, new Float32Array(4));
    expect(() => trainingGraph(model, LOSSES.meanSquaredError(), OPTIMISERS.sgd())).toThrow(/Attention/);
  });
  test.each(Object.entries(refused))('%s', (_, [at, message]) => {
    const length = at.shape.reduce((a, b) => a * b, 1);
    const build = () =>
      trainingGraph(fileModel(at, new Float32Array(length)), LOSSES.meanSquaredError(), OPTIMISERS.sgd());
    expect(build).toThrow(message);
    expect(build).toThrow(expect.objectContaining({ name: 'EspalierError' }));
  });
});
