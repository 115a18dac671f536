/** Training operators in standard ONNX operators, NCHW: the portable lowering and the reference of the others. */
import { float, float32, int, int64, ints } from '../../onnx/graph-builder.ts';
import type { OnnxNode } from '../../onnx/model.ts';
import { floatAttribute, intAttribute, intsAttribute } from '../../onnx/shape-rules.ts';
import { type Arithmetic, staticShape } from '../arithmetic.ts';
import type { TrainingOperator } from '../training-operators.ts';
import { convolutionAttributes } from './convolution-attributes.ts';
import { inputGradient } from './input-gradient.ts';
import { above } from './steep.ts';
import { foldedWeightGradient } from './weight-gradient.ts';

/** Emits the operator on the given inputs; returns its outputs in order. */
export type Lowering = (m: Arithmetic, node: OnnxNode, inputs: readonly string[]) => readonly string[];

const shapeOf = (m: Arithmetic, value: string): readonly number[] => staticShape(m.g.shape(value));
const inputShapeOf = (node: OnnxNode): readonly number[] => intsAttribute(node.attributes, 'input_shape')!;

/** Axes of everything but the channels. */
const batchAxes = (rank: number): readonly number[] => [
  0,
  ...Array.from({ length: rank - 2 }, (_, i) => i + 2),
];

/** x·scale + shift per channel: ONNX Runtime's inference batch norm does it in one pass over memory. */
function affine(m: Arithmetic, x: string, scale: string, shift: string, channels: number): string {
  const zero = m.g.constant(float32(new Float32Array(channels)));
  const one = m.g.constant(float32(new Float32Array(channels).fill(1)));
  return m.g.op('BatchNormalization', [x, scale, shift, zero, one], { epsilon: float(0) });
}

const convInputGradient: Lowering = (m, node, [dy, w]) => {
  const a = convolutionAttributes(node.attributes, shapeOf(m, w!).slice(2));
  return [inputGradient(m, dy!, w!, inputShapeOf(node), a)];
};

const convWeightGradient: Lowering = (m, node, [x, dy]) => {
  const weightShape = intsAttribute(node.attributes, 'weight_shape')!;
  return [
    foldedWeightGradient(
      m,
      x!,
      dy!,
      weightShape,
      convolutionAttributes(node.attributes, weightShape.slice(2)),
    ),
  ];
};

const batchNormTraining: Lowering = (m, node, [x, scale, bias]) => {
  const shape = shapeOf(m, x!);
  const axes = batchAxes(shape.length);
  const mean = m.mean(x!, axes, false);
  const square = m.mean(m.mul(x!, x!), axes, false);
  // Rounding may make the difference slightly negative.
  const variance = m.g.op('Max', [m.sub(square, m.mul(mean, mean)), m.scalar(0)]);
  const epsilon = m.scalar(floatAttribute(node.attributes, 'epsilon', 1e-5));
  const inverseStd = m.g.op('Reciprocal', [m.g.op('Sqrt', [m.add(variance, epsilon)])]);
  const factor = m.mul(scale!, inverseStd);
  const y = affine(m, x!, factor, m.sub(bias!, m.mul(mean, factor)), shape[1]!);
  return [y, mean, variance, inverseStd];
};

/**
 * dX = a·(dY + k·X + k₂) with per-channel vectors: a = γ/σ, dγ = (Σ dY·X − μ Σ dY)/σ, dβ = Σ dY, k = −dγ/(σM),
 * k₂ = −dβ/M − k·μ.
 */
export function batchNormCoefficients(
  m: Arithmetic,
  sums: { readonly dy: string; readonly dyX: string },
  scale: string,
  mean: string,
  inverseStd: string,
  count: number,
): {
  readonly a: string;
  readonly k: string;
  readonly k2: string;
  readonly dScale: string;
  readonly dBias: string;
} {
  const dBias = sums.dy;
  const dScale = m.mul(m.sub(sums.dyX, m.mul(mean, dBias)), inverseStd);
  const a = m.mul(scale, inverseStd);
  const k = m.mul(m.scale(dScale, -1 / count), inverseStd);
  const k2 = m.sub(m.scale(dBias, -1 / count), m.mul(k, mean));
  return { a, k, k2, dScale, dBias };
}

const batchNormGradient: Lowering = (m, _, [dy, x, scale, mean, inverseStd]) => {
  const shape = shapeOf(m, x!);
  const axes = batchAxes(shape.length);
  const count = shape.reduce((p, d) => p * d, 1) / shape[1]!;
  const sums = { dy: m.sum(dy!, axes, false), dyX: m.sum(m.mul(dy!, x!), axes, false) };
  const c = batchNormCoefficients(m, sums, scale!, mean!, inverseStd!, count);
  const zero = m.g.constant(float32(new Float32Array(shape[1]!)));
  const dx = m.add(
    affine(m, dy!, c.a, zero, shape[1]!),
    affine(m, x!, m.mul(c.a, c.k), m.mul(c.a, c.k2), shape[1]!),
  );
  return [dx, c.dScale, c.dBias];
};

const reluGradient: Lowering = (m, _, [dy, y]) => [m.mul(dy!, above(m, y!, 0))];

const clipGradient: Lowering = (m, node, [dy, y]) => {
  const zero = m.scalar(0);
  const [low, high] = ['low', 'high'].map((name) => m.scalar(floatAttribute(node.attributes, name, 0)));
  const aboveLow = m.where(m.g.op('Greater', [y!, low!]), dy!, zero);
  return [m.where(m.g.op('Less', [y!, high!]), aboveLow, zero)];
};

const maxPoolGradient: Lowering = (m, node, [dy, places]) => {
  const shape = inputShapeOf(node);
  const size = shape.reduce((a, b) => a * b, 1);
  const zeros = m.expand(m.scalar(0), [size]);
  const flat = (value: string): string => m.g.op('Reshape', [value, m.g.constant(int64([-1]))]);
  const scattered = m.g.op('ScatterElements', [zeros, flat(places!), flat(dy!)], {
    axis: int(0),
    reduction: { type: 'string', value: 'add' },
  });
  return [m.reshape(scattered, shape)];
};

const averagePoolGradient: Lowering = (m, node, [dy]) => {
  const shape = inputShapeOf(node);
  const a = convolutionAttributes(node.attributes, intsAttribute(node.attributes, 'kernel_shape')!);
  const channels = shape[1]!;
  const [height, width] = shapeOf(m, dy!).slice(2) as [number, number];
  const shares = averagingShares(node, shape, [height, width]);
  const shared = m.mul(dy!, m.g.constant(float32(shares, [1, 1, height, width])));
  const ones = m.g.constant(
    float32(new Float32Array(channels * a.kernel[0] * a.kernel[1]).fill(1), [channels, 1, ...a.kernel]),
  );
  return [inputGradient(m, shared, ones, shape, { ...a, group: channels })];
};

/** One over the number of elements that each output of an AveragePool is the mean of, [height · width]. */
export function averagingShares(
  node: OnnxNode,
  inputShape: readonly number[],
  [height, width]: readonly [number, number],
): Float32Array {
  const a = convolutionAttributes(node.attributes, intsAttribute(node.attributes, 'kernel_shape')!);
  const includePadding = intAttribute(node.attributes, 'count_include_pad', 0) === 1;
  const shares = new Float32Array(height * width);
  for (let i = 0; i < height; i++) {
    for (let j = 0; j < width; j++) {
      const rows = windowCount(i, a, inputShape[2]!, 0, includePadding);
      shares[i * width + j] = 1 / (rows * windowCount(j, a, inputShape[3]!, 1, includePadding));
    }
  }
  return shares;
}

/** How many elements of one axis the window at output `at` averages over. */
function windowCount(
  at: number,
  a: ReturnType<typeof convolutionAttributes>,
  size: number,
  axis: 0 | 1,
  includePadding: boolean,
): number {
  const from = at * a.stride[axis] - a.pads[axis]!;
  let count = 0;
  for (let tap = 0; tap < a.kernel[axis]; tap++) {
    const place = from + tap * a.dilation[axis];
    const inside = place >= 0 && place < size;
    const padded = place >= -a.pads[axis]! && place < size + a.pads[axis + 2]!;
    if (inside || (includePadding && padded)) count++;
  }
  return count;
}

const globalAveragePoolGradient: Lowering = (m, node, [dy]) => {
  const shape = inputShapeOf(node);
  const count = shape.slice(2).reduce((a, b) => a * b, 1);
  return [m.expand(m.scale(dy!, 1 / count), shape)];
};

/** The sum over each tile, as its mean times its size: pooling is one fast pass. */
const upsampleGradient: Lowering = (m, node, [dy]) => {
  const scales = intsAttribute(node.attributes, 'scales')!;
  const mean = m.g.op('AveragePool', [dy!], { kernel_shape: ints(scales), strides: ints(scales) });
  return [m.scale(mean, scales[0]! * scales[1]!)];
};

export const PLAIN_LOWERINGS: Readonly<Record<TrainingOperator, Lowering>> = {
  ConvInputGradient: convInputGradient,
  ConvWeightGradient: convWeightGradient,
  BatchNormTraining: batchNormTraining,
  BatchNormGradient: batchNormGradient,
  ReluGradient: reluGradient,
  ClipGradient: clipGradient,
  MaxPoolGradient: maxPoolGradient,
  AveragePoolGradient: averagePoolGradient,
  UpsampleGradient: upsampleGradient,
  GlobalAveragePoolGradient: globalAveragePoolGradient,
};
