/**
 * Training operators: the few operations of a training step that ONNX has no operator for.
 *
 * Autodiff emits them in the domain `espalier`; a lowering (lowering/plain.ts, lowering/blocked.ts) turns each into
 * operators that ONNX Runtime executes, in the form that is fastest there. What they compute is defined here.
 */
import type { GraphBuilder } from '../onnx/graph-builder.ts';
import { float, ints } from '../onnx/graph-builder.ts';
import type { Attributes, DataType } from '../onnx/model.ts';

export const TRAINING_DOMAIN = 'espalier';

export type TrainingOperator =
  /** (dY, W) → dX. Attributes of the Conv, and `input_shape`. */
  | 'ConvInputGradient'
  /** (X, dY) → dW. Attributes of the Conv, and `weight_shape`. */
  | 'ConvWeightGradient'
  /** (X, scale, bias) → Y, mean[C], variance[C] (biased), inverseStd[C]: statistics of this batch. `epsilon`. */
  | 'BatchNormTraining'
  /** (dY, X, scale, mean, inverseStd) → dX, dScale, dBias. */
  | 'BatchNormGradient'
  /** (dY, Y) → dY where Y > 0, else 0. */
  | 'ReluGradient'
  /** (dY, Y) → dY where low < Y < high, else 0. `low`, `high`. */
  | 'ClipGradient'
  /** (dY, indices) → dX: each gradient goes to the element that was the maximum. `input_shape`. */
  | 'MaxPoolGradient'
  /** (dY) → dX. Attributes of the AveragePool, and `input_shape`. */
  | 'AveragePoolGradient'
  /** (dY [N,C,k₀H,k₁W]) → dX [N,C,H,W]: the sum over each tile, which enlarging has copied an element to. `scales` = k. */
  | 'UpsampleGradient'
  /** (dY [N,C,1,1]) → dX [N,C,H,W], dY spread evenly. `input_shape`. */
  | 'GlobalAveragePoolGradient';

const floats = (shapes: readonly (readonly number[])[]): { dtype: DataType; shape: readonly number[] }[] =>
  shapes.map((shape) => ({ dtype: 'float32' as const, shape }));

function emit(
  g: GraphBuilder,
  op: TrainingOperator,
  inputs: readonly string[],
  shapes: readonly (readonly number[])[],
  attributes: Attributes,
  name?: string,
): readonly string[] {
  return g.node(op, inputs, {
    domain: TRAINING_DOMAIN,
    attributes,
    types: floats(shapes),
    outputs: shapes.length,
    ...(name !== undefined && { name }),
  });
}

export const convInputGradient = (
  g: GraphBuilder,
  dy: string,
  w: string,
  inputShape: readonly number[],
  attributes: Attributes,
  name: string,
): string =>
  emit(
    g,
    'ConvInputGradient',
    [dy, w],
    [inputShape],
    { ...attributes, input_shape: ints(inputShape) },
    name,
  )[0]!;

export const convWeightGradient = (
  g: GraphBuilder,
  x: string,
  dy: string,
  weightShape: readonly number[],
  attributes: Attributes,
  name: string,
): string =>
  emit(
    g,
    'ConvWeightGradient',
    [x, dy],
    [weightShape],
    { ...attributes, weight_shape: ints(weightShape) },
    name,
  )[0]!;

/** `output` names Y; the statistics are `<output>/mean` and so on. */
export function batchNormTraining(
  g: GraphBuilder,
  x: string,
  scale: string,
  bias: string,
  epsilon: number,
  output: string,
  name: string,
): { readonly mean: string; readonly variance: string } {
  const shape = g.shape(x) as readonly number[];
  const channels = [shape[1]!];
  const [mean, variance, inverseStd] = ['mean', 'variance', 'inverseStd'].map((s) => `${output}/${s}`) as [
    string,
    string,
    string,
  ];
  g.node('BatchNormTraining', [x, scale, bias], {
    domain: TRAINING_DOMAIN,
    attributes: { epsilon: float(epsilon) },
    types: floats([shape, channels, channels, channels]),
    outputs: [output, mean, variance, inverseStd],
    name,
  });
  return { mean, variance };
}

export function batchNormGradient(
  g: GraphBuilder,
  dy: string,
  x: string,
  scale: string,
  mean: string,
  inverseStd: string,
  name: string,
): readonly string[] {
  const shape = g.shape(x) as readonly number[];
  const channels = [shape[1]!];
  return emit(
    g,
    'BatchNormGradient',
    [dy, x, scale, mean, inverseStd],
    [shape, channels, channels],
    {},
    name,
  );
}

export const reluGradient = (g: GraphBuilder, dy: string, y: string, name: string): string =>
  emit(g, 'ReluGradient', [dy, y], [g.shape(y) as readonly number[]], {}, name)[0]!;

export const clipGradient = (
  g: GraphBuilder,
  dy: string,
  y: string,
  bounds: { readonly low: number; readonly high: number },
  name: string,
): string =>
  emit(
    g,
    'ClipGradient',
    [dy, y],
    [g.shape(y) as readonly number[]],
    { low: float(bounds.low), high: float(bounds.high) },
    name,
  )[0]!;

export const maxPoolGradient = (
  g: GraphBuilder,
  dy: string,
  indices: string,
  inputShape: readonly number[],
  name: string,
): string =>
  emit(g, 'MaxPoolGradient', [dy, indices], [inputShape], { input_shape: ints(inputShape) }, name)[0]!;

export const averagePoolGradient = (
  g: GraphBuilder,
  dy: string,
  inputShape: readonly number[],
  attributes: Attributes,
  name: string,
): string =>
  emit(
    g,
    'AveragePoolGradient',
    [dy],
    [inputShape],
    { ...attributes, input_shape: ints(inputShape) },
    name,
  )[0]!;

export const globalAveragePoolGradient = (
  g: GraphBuilder,
  dy: string,
  inputShape: readonly number[],
  name: string,
): string =>
  emit(g, 'GlobalAveragePoolGradient', [dy], [inputShape], { input_shape: ints(inputShape) }, name)[0]!;

export function upsampleGradient(
  g: GraphBuilder,
  dy: string,
  scales: readonly [number, number],
  name: string,
): string {
  const [n, channels, height, width] = g.shape(dy) as [number, number, number, number];
  const shape = [n, channels, height / scales[0], width / scales[1]];
  return emit(g, 'UpsampleGradient', [dy], [shape], { scales: ints(scales) }, name)[0]!;
}
