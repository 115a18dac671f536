/** Lowering rules: each operator in ONNX (opset 21). Node names are the network's node ids, so that errors name layers. */
import { float, float32, type GraphBuilder, int, int64, ints, str } from '../../onnx/graph-builder.ts';
import type { Attributes } from '../../onnx/model.ts';
import type { ActivationName, Operator, OperatorKind } from '../network.ts';

export interface LoweringContext {
  readonly g: Pick<GraphBuilder, 'op' | 'constant' | 'shape'>;
  readonly id: string;
  readonly inputs: readonly string[];
  /** Shape of the output, per image. */
  readonly shape: readonly number[];
  /** Name of a weight tensor of this node, by suffix. */
  readonly weight: (suffix: string) => string;
  /** Dropout and stochastic depth exist in training only. */
  readonly training: boolean;
  /** Batch size, or the symbol of it. */
  readonly batch: number | string;
}

type LoweringRule<K extends OperatorKind> = (
  operator: Extract<Operator, { kind: K }>,
  context: LoweringContext,
) => string;

const emit = (c: LoweringContext, op: string, inputs: readonly string[], attributes?: Attributes): string =>
  c.g.op(op, inputs, attributes, c.id);
const unary =
  (op: string, attributes?: Attributes) =>
  (c: LoweringContext, x: string): string =>
    emit(c, op, [x], attributes);

const ACTIVATIONS: { readonly [A in ActivationName]: (c: LoweringContext, x: string) => string } = {
  relu: unary('Relu'),
  relu6: (c, x) => emit(c, 'Clip', [x, c.g.constant(float32(0)), c.g.constant(float32(6))]),
  leakyRelu: unary('LeakyRelu', { alpha: float(0.01) }),
  sigmoid: unary('Sigmoid'),
  tanh: unary('Tanh'),
  // PyTorch's slope of 1/6, not ONNX's default of 1/5.
  hardSigmoid: unary('HardSigmoid', { alpha: float(1 / 6), beta: float(0.5) }),
  hardSwish: unary('HardSwish'),
  silu: (c, x) => emit(c, 'Mul', [x, c.g.op('Sigmoid', [x], undefined, `${c.id}/sigmoid`)]),
  gelu: unary('Gelu', { approximate: str('none') }),
};

/** Equal layers share their operator (builder.ts), and so its attributes: every candidate of a search is lowered. */
function madeOnce<O extends Operator>(make: (operator: O) => Attributes): (operator: O) => Attributes {
  const made = new WeakMap<O, Attributes>();
  return (operator) => {
    let attributes = made.get(operator);
    if (attributes === undefined) {
      attributes = make(operator);
      made.set(operator, attributes);
    }
    return attributes;
  };
}

const convAttributes = madeOnce((o: Extract<Operator, { kind: 'conv' }>) => ({
  kernel_shape: ints(o.kernel),
  strides: ints(o.stride),
  pads: ints(o.padding),
  dilations: ints(o.dilation),
  group: int(o.groups),
}));

type Pool = Extract<Operator, { kind: 'maxPool' | 'averagePool' }>;
const poolAttributes = madeOnce((o: Pool) => ({
  kernel_shape: ints(o.kernel),
  strides: ints(o.stride),
  pads: ints(o.padding),
}));
const pool =
  (op: string) =>
  (o: Pool, c: LoweringContext): string =>
    emit(c, op, c.inputs, poolAttributes(o));

/**
 * The float32 scale that takes `from` pixels to `to`. Engines round the product down, so a scale that was itself rounded
 * down would lose a pixel (7 × 31/7 is 30.999…): the next larger float32 is taken then.
 */
function scaleTo(from: number, to: number): number {
  const scale = Float32Array.of(to / from);
  if (scale[0]! * from < to) new Uint32Array(scale.buffer)[0]! += 1;
  return scale[0]!;
}

const LOWERING_RULES: { readonly [K in OperatorKind]: LoweringRule<K> } = {
  conv: (o, c) => {
    const inputs = [...c.inputs, c.weight('weight'), ...(o.bias ? [c.weight('bias')] : [])];
    return emit(c, 'Conv', inputs, convAttributes(o));
  },
  linear: (o, c) =>
    emit(c, 'Gemm', [...c.inputs, c.weight('weight'), ...(o.bias ? [c.weight('bias')] : [])], {
      transB: int(1),
    }),
  batchNorm: (o, c) =>
    emit(c, 'BatchNormalization', [...c.inputs, ...['weight', 'bias', 'mean', 'variance'].map(c.weight)], {
      epsilon: float(o.epsilon),
      momentum: float(o.momentum),
    }),
  activation: (o, c) => ACTIVATIONS[o.name](c, c.inputs[0]!),
  maxPool: pool('MaxPool'),
  averagePool: pool('AveragePool'),
  globalAveragePool: (_, c) => emit(c, 'GlobalAveragePool', c.inputs),
  flatten: (_, c) => emit(c, 'Flatten', c.inputs, { axis: int(1) }),
  add: (_, c) => c.inputs.slice(1).reduce((sum, x) => c.g.op('Add', [sum, x], undefined, c.id), c.inputs[0]!),
  multiply: (_, c) => emit(c, 'Mul', c.inputs),
  concat: (_, c) => emit(c, 'Concat', c.inputs, { axis: int(1) }),
  slice: (o, c) => {
    const cut = o.size.map((_, i) => i).filter((i) => o.size[i] !== c.g.shape(c.inputs[0]!)[i + 1]);
    if (cut.length === 0) return emit(c, 'Identity', c.inputs);
    const ranges = [
      cut.map((i) => o.start[i]!),
      cut.map((i) => o.start[i]! + o.size[i]!),
      cut.map((i) => i + 1),
    ];
    return emit(c, 'Slice', [c.inputs[0]!, ...ranges.map((v) => c.g.constant(int64(v)))]);
  },
  // A cheap strided copy times zero: keeps the symbolic batch, which a constant could not.
  zero: (o, c) => {
    const [dy, dx] = o.stride;
    const steps = [
      [0, 0],
      [2147483647, 2147483647],
      [2, 3],
      [dy, dx],
    ].map((v) => c.g.constant(int64(v)));
    const strided = dy === 1 && dx === 1 ? c.inputs[0]! : c.g.op('Slice', [c.inputs[0]!, ...steps]);
    return emit(c, 'Mul', [strided, c.g.constant(float32(0))]);
  },
  // Scales rather than sizes, which would need the batch; half-pixel centres as PyTorch's interpolate has them.
  resize: (o, c) => {
    const [, height, width] = c.g.shape(c.inputs[0]!).slice(1) as number[];
    const scales = c.g.constant(float32([1, 1, scaleTo(height!, o.size[0]), scaleTo(width!, o.size[1])]));
    const nearest: Attributes = {
      mode: str('nearest'),
      coordinate_transformation_mode: str('asymmetric'),
      nearest_mode: str('floor'),
    };
    const linear: Attributes = { mode: str('linear'), coordinate_transformation_mode: str('half_pixel') };
    return emit(c, 'Resize', [c.inputs[0]!, '', scales], o.mode === 'nearest' ? nearest : linear);
  },
  dropout: (o, c) =>
    c.training ? emit(c, 'Dropout', [c.inputs[0]!, c.g.constant(float32(o.rate))]) : c.inputs[0]!,
  // One draw for each image: dropout of a factor of ones (training graphs have a fixed batch).
  stochasticDepth: (o, c) => {
    if (!c.training) return c.inputs[0]!;
    const shape = [c.batch as number, ...c.shape.map(() => 1)];
    const ones = c.g.constant(float32(new Float32Array(c.batch as number).fill(1), shape));
    const kept = c.g.op('Dropout', [ones, c.g.constant(float32(o.rate))], undefined, `${c.id}/keep`);
    return emit(c, 'Mul', [c.inputs[0]!, kept]);
  },
};

/** Emits the operator and returns its output value. */
export function lowerOperator(operator: Operator, context: LoweringContext): string {
  return (LOWERING_RULES[operator.kind] as LoweringRule<OperatorKind>)(operator as never, context);
}
