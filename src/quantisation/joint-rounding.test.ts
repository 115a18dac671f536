/** Joint rounding against a search of all roundings, and the covariances that it goes by against their definition. */
import { describe, expect, test } from 'vitest';
import { createGraphBuilder, int, ints } from '../onnx/graph-builder.ts';
import type { OnnxModel, Tensor } from '../onnx/model.ts';
import { createRandom } from '../random.ts';
import { inputCovariances } from './input-covariance.ts';
import { feedbackOf, jointlyRounded, roundJointly } from './joint-rounding.ts';
import { decibels, outputOf } from './testing/models.ts';
import { channelMaxima, dequantisedWeights } from './weights.ts';

const random = createRandom('joint rounding');
const normals = (length: number): Float64Array => Float64Array.from({ length }, random.normal);

/** Of n inputs that have a few causes in common. */
function covarianceOf(n: number): Float64Array {
  const causes = normals(n * 3);
  return Float64Array.from({ length: n * n }, (_, at) => {
    const [i, j] = [Math.floor(at / n), at % n];
    const common = [0, 1, 2].reduce((sum, c) => sum + causes[3 * i + c]! * causes[3 * j + c]!, 0);
    return common + (i === j ? 0.3 : 0);
  });
}

/** eᵀ·C·e: what rounding adds to the output, its mean square. */
function addedError(steps: Float64Array, integers: ArrayLike<number>, covariance: Float64Array): number {
  const n = steps.length;
  const e = Array.from(steps, (step, i) => integers[i]! - step);
  let sum = 0;
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) sum += e[i]! * covariance[i * n + j]! * e[j]!;
  return sum;
}

/** The best of all ways to take each weight down or up. */
function leastError(steps: Float64Array, covariance: Float64Array): number {
  let least = Number.POSITIVE_INFINITY;
  for (let choice = 0; choice < 2 ** steps.length; choice++) {
    const integers = Array.from(steps, (step, i) => Math.floor(step) + ((choice >> i) & 1));
    least = Math.min(least, addedError(steps, integers, covariance));
  }
  return least;
}

test('the error is near the least that any rounding has, and far below that of the nearest integers', () => {
  const n = 8;
  const totals = { joint: 0, nearest: 0, least: 0 };
  for (let run = 0; run < 60; run++) {
    const covariance = covarianceOf(n);
    const steps = normals(n).map((v) => 20 * v);
    const joint = roundJointly(steps, feedbackOf(covariance, n)!, 127);
    totals.joint += addedError(steps, joint, covariance);
    totals.nearest += addedError(steps, steps.map(Math.round), covariance);
    totals.least += leastError(steps, covariance);
  }
  expect(totals.joint).toBeGreaterThanOrEqual(totals.least * 0.999);
  expect(totals.joint).toBeLessThan(totals.least * 1.5);
  expect(totals.joint).toBeLessThan(totals.nearest / 2);
});

test('inputs that do not vary together: each weight to its nearest integer', () => {
  const diagonal = Float64Array.of(2, 0, 0, 0, 1, 0, 0, 0, 0.5);
  const joint = roundJointly(Float64Array.of(1.4, -2.6, 7.51), feedbackOf(diagonal, 3)!, 127);
  expect([...joint]).toEqual([1, -3, 8]);
  expect(feedbackOf(new Float64Array(9), 3)).toBeNull();
});

test('no integer is over the limit, and a weight at the limit stays', () => {
  const n = 6;
  for (let run = 0; run < 50; run++) {
    const steps = normals(n).map((v) => Math.max(-7, Math.min(7, 6 * v)));
    steps[run % n] = run % 2 === 0 ? 7 : -7;
    const joint = roundJointly(steps, feedbackOf(covarianceOf(n), n)!, 7);
    expect(joint[run % n]).toBe(steps[run % n]);
    for (const integer of joint) expect(Math.abs(integer)).toBeLessThanOrEqual(7);
  }
});

const tensor = (shape: readonly number[], value: () => number = random.normal): Tensor => ({
  dtype: 'float32',
  shape,
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, value),
});

/** One layer; its input is a ReLU of what is given, so that it has a mean. */
function oneLayer(
  op: 'Conv' | 'Gemm' | 'MatMul',
  weight: Tensor,
  attributes: Record<string, unknown>,
): OnnxModel {
  const g = createGraphBuilder({ name: 'layer' });
  g.input('input', 'float32', op === 'Conv' ? ['batch', 4, 7, 6] : ['batch', 6]);
  const x = g.op('Relu', ['input']);
  g.output(g.op(op, [x, g.constant(weight)], attributes as never));
  return g.build();
}

const CASES = [
  [
    'a convolution with stride, padding and dilation',
    'Conv',
    [5, 4, 3, 2],
    { strides: ints([2, 1]), pads: ints([1, 0, 2, 1]), dilations: ints([2, 1]) },
  ],
  ['a convolution of two groups', 'Conv', [6, 2, 3, 3], { group: int(2), pads: ints([1, 1, 1, 1]) }],
  ['a depthwise convolution', 'Conv', [4, 1, 3, 3], { group: int(4) }],
  ['a Gemm by rows', 'Gemm', [5, 6], { transB: int(1) }],
  ['a Gemm by columns', 'Gemm', [6, 5], {}],
  ['a MatMul', 'MatMul', [6, 5], {}],
] as const;

describe.each(CASES)('%s', (_, op, shape, attributes) => {
  const weight = tensor(shape);
  const model = oneLayer(op, weight, attributes);
  const node = model.graph.nodes.find((n) => n.op === op)!;
  const sizes = op === 'Conv' ? [4, 7, 6] : [6];
  const pattern = normals(sizes[0]!);
  /** Every image is more or less bright, by channel and all over: its values vary together. */
  const images = (count: number): Tensor => {
    const area = sizes.slice(1).reduce((a, b) => a * b, 1);
    const bright = normals(count);
    const { shape: whole, data } = tensor([count, ...sizes], () => 0.3 * random.normal());
    const values = Float32Array.from(data as Float32Array, (noise, i) => {
      const [image, channel] = [Math.floor(i / area / sizes[0]!), Math.floor(i / area) % sizes[0]!];
      return noise + 0.5 + bright[image]! * pattern[channel]!;
    });
    return { dtype: 'float32', shape: whole, data: values };
  };
  const batches = Array.from({ length: 8 }, () => ({ input: images(64) }));
  const axis = op === 'Conv' || 'transB' in attributes ? 0 : 1;

  const withWeight = (data: Float32Array): OnnxModel => ({
    ...model,
    graph: {
      ...model.graph,
      initializers: new Map(model.graph.initializers).set(node.inputs[1]!, { ...weight, data }),
    },
  });
  const held = images(256);
  /** By how much the output differs, its mean in each channel left out where a bias may take it off. */
  const closeness = async (data: Float32Array): Promise<number> => {
    const feeds = { input: held };
    const [expected, actual] = [await outputOf(model, feeds), await outputOf(withWeight(data), feeds)];
    if (op === 'MatMul') return decibels(expected, actual);
    const [, channels, ...map] = expected.shape as number[];
    const area = map.reduce((a, b) => a * b, 1);
    const channelOf = (i: number): number => Math.floor(i / area) % channels!;
    const means = new Float64Array(channels!);
    actual.data.forEach((v, i) => {
      means[channelOf(i)]! += ((Number(v) - Number(expected.data[i])) * channels!) / actual.data.length;
    });
    const moved = Float32Array.from(actual.data as Float32Array, (v, i) => v - means[channelOf(i)]!);
    return decibels(expected, { ...actual, data: moved });
  };

  test('rounded jointly it is closer to float, on the same grid', async () => {
    const limit = 7;
    const options = { threads: 1, centred: true };
    const found = await inputCovariances(model, [node], batches, createRandom('columns'), options);
    const rounded = jointlyRounded({ weight, axis }, found.get(node.name)!, limit);
    const maxima = channelMaxima({ weight, axis });
    channelMaxima({ weight: rounded, axis }).forEach((largest, c) => {
      expect(largest).toBeCloseTo(maxima[c]!, 5);
    });
    const data = rounded.data as Float32Array;
    // Rounding to the nearest leaves it as it is: it lies on the grid.
    dequantisedWeights({ weight: rounded, axis, bias: null }, limit).forEach((value, i) => {
      expect(value).toBeCloseTo(data[i]!, 5);
    });
    const nearest = dequantisedWeights({ weight, axis, bias: null }, limit);
    expect(await closeness(data)).toBeGreaterThan((await closeness(nearest)) + 1);
  });
});
