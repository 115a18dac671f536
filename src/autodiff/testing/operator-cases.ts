/** Cases for the gradient rule of every operator: ONNX on our side, PyTorch on the other. */
import { float, float32, type GraphBuilder, int, int64, ints, str } from '../../onnx/graph-builder.ts';
import type { Attributes } from '../../onnx/model.ts';
import type { OperatorCase } from './operator-case.ts';

type Shape = readonly number[];

/** An operator whose inputs are all differentiable. */
const plain = (
  op: string,
  shapes: readonly Shape[],
  torch: string,
  attributes?: Attributes,
): OperatorCase => ({
  name: `${op} ${shapes.map((s) => `[${s.join()}]`).join(' ')}`,
  shapes,
  torch,
  build: (g, inputs) => g.op(op, inputs, attributes),
});
/** With constant inputs after the differentiable ones. */
const withConstants = (
  op: string,
  shapes: readonly Shape[],
  torch: string,
  constants: (g: GraphBuilder) => readonly string[],
  attributes?: Attributes,
): OperatorCase => ({
  ...plain(op, shapes, torch),
  name: `${op} ${shapes.map((s) => `[${s.join()}]`).join(' ')}: ${torch}`,
  build: (g, inputs) => g.op(op, [...inputs, ...constants(g)], attributes),
});
const positive = (test: OperatorCase): OperatorCase => ({ ...test, draw: (r) => 0.3 + 2 * r.next() });
/** Between −0.9 and 0.9. */
const inside = (test: OperatorCase): OperatorCase => ({ ...test, draw: (r) => 0.9 * (2 * r.next() - 1) });
/** Keeps away from kinks at 0 and ±0.75, where finite differences mean nothing. */
const awayFromKinks = (test: OperatorCase): OperatorCase => ({
  ...test,
  draw: (r) => r.pick([-1, 1]) * (r.next() < 0.5 ? 0.1 + 0.5 * r.next() : 0.9 + r.next()),
});
const list =
  (...values: number[]) =>
  (g: GraphBuilder) => [g.constant(int64(values))];

const pool = (kernel: Shape, strides: Shape, pad: Shape, more: Attributes = {}): Attributes => ({
  kernel_shape: ints(kernel),
  strides: ints(strides),
  pads: ints([...pad, ...pad]),
  ...more,
});

const unary = (op: string, torch: string, attributes?: Attributes): OperatorCase =>
  plain(op, [[3, 2, 4, 5]], torch, attributes);
const reduce = (op: string, torch: string, axes: readonly number[], keep: number): OperatorCase =>
  withConstants(op, [[3, 4, 2, 5]], torch, list(...axes), { keepdims: int(keep) });

const batchNorm = (shape: Shape): OperatorCase => ({
  name: `BatchNormalization [${shape.join()}]`,
  shapes: [shape, [shape[1]!], [shape[1]!]],
  torch: 'F.batch_norm(x0, None, None, x1, x2, training=True, eps=1e-3)',
  build: (g, inputs) => {
    const channels = shape[1]!;
    const running = [0, 1].map((v) => g.constant(float32(new Float32Array(channels).fill(v))));
    return g.op('BatchNormalization', [...inputs, ...running], { epsilon: float(1e-3) });
  },
});

const resize = (shape: Shape, size: Shape, mode: 'nearest' | 'linear', torch: string): OperatorCase => ({
  name: `Resize ${mode} ${shape.slice(2)} to ${size}`,
  shapes: [shape],
  torch,
  build: (g, [x]) => {
    const scales = g.constant(float32([1, 1, size[0]! / shape[2]!, size[1]! / shape[3]!]));
    const attributes: Attributes =
      mode === 'nearest'
        ? {
            mode: str('nearest'),
            coordinate_transformation_mode: str('asymmetric'),
            nearest_mode: str('floor'),
          }
        : { mode: str('linear'), coordinate_transformation_mode: str('half_pixel') };
    return g.op('Resize', [x!, '', scales], attributes);
  },
});

const compared = (op: 'Greater' | 'Less', torch: string): OperatorCase => ({
  name: `Where ${op}`,
  shapes: [
    [2, 3, 4],
    [3, 1],
  ],
  torch,
  build: (g, [a, b]) => g.op('Where', [g.op(op, [a!, g.constant(float32(0.2))]), a!, b!]),
});

function fakeQuantised(g: GraphBuilder, x: string, scale: number, zeroPoint: number): string {
  const bound = (integer: number): string => g.constant(float32((integer - zeroPoint) * scale));
  const clipped = g.op('Clip', [x, bound(0), bound(255)]);
  const zero = g.constant({ dtype: 'uint8', shape: [], data: Uint8Array.of(zeroPoint) });
  const parameters = [g.constant(float32(scale)), zero];
  return g.op('DequantizeLinear', [g.op('QuantizeLinear', [clipped, ...parameters]), ...parameters]);
}

/** At least one case for each operator of the rule table. */
export const OPERATOR_CASES: readonly OperatorCase[] = [
  // Matrix products
  plain('Gemm', [[3, 4], [4, 5], [5]], '1.5 * x0 @ x1 + 0.5 * x2', { alpha: float(1.5), beta: float(0.5) }),
  plain(
    'Gemm',
    [
      [3, 4],
      [5, 4],
      [3, 1],
    ],
    'x0 @ x1.T + x2',
    { transB: int(1) },
  ),
  plain(
    'Gemm',
    [
      [4, 3],
      [5, 4],
    ],
    'x0.T @ x1.T',
    { transA: int(1), transB: int(1) },
  ),
  plain(
    'MatMul',
    [
      [3, 4],
      [4, 5],
    ],
    'x0 @ x1',
  ),
  plain(
    'MatMul',
    [
      [2, 3, 4, 5],
      [3, 5, 2],
    ],
    'x0 @ x1',
  ),
  plain('MatMul', [[5], [2, 5, 3]], 'x0 @ x1'),
  plain('MatMul', [[2, 3, 5], [5]], 'x0 @ x1'),
  // Normalisation
  batchNorm([4, 3, 5, 6]),
  batchNorm([4, 16, 3, 3]),
  // Activations
  awayFromKinks(unary('Relu', 'F.relu(x0)')),
  unary('LeakyRelu', 'F.leaky_relu(x0, 0.1)', { alpha: float(0.1) }),
  withConstants('Clip', [[4, 5]], 'torch.clamp(x0, -0.5, 0.75)', (g) => [
    g.constant(float32(-0.5)),
    g.constant(float32(0.75)),
  ]),
  unary('Sigmoid', 'torch.sigmoid(x0)'),
  unary('Tanh', 'torch.tanh(x0)'),
  awayFromKinks(unary('HardSigmoid', 'F.hardsigmoid(x0 * 4)', { alpha: float(2 / 3), beta: float(0.5) })),
  { ...unary('HardSwish', 'F.hardswish(x0)'), draw: (r) => 3 * r.normal() },
  unary('Gelu', 'F.gelu(x0)'),
  unary('Gelu', "F.gelu(x0, approximate='tanh')", { approximate: str('tanh') }),
  unary('Softplus', 'F.softplus(x0)'),
  unary('Elu', 'F.elu(x0, 0.7)', { alpha: float(0.7) }),
  plain('Softmax', [[3, 4, 5]], 'F.softmax(x0, 1)', { axis: int(1) }),
  plain('LogSoftmax', [[3, 6]], 'F.log_softmax(x0, -1)', { axis: int(-1) }),
  // Pooling
  plain('MaxPool', [[2, 3, 7, 8]], 'F.max_pool2d(x0, 2, 2)', pool([2, 2], [2, 2], [0, 0])),
  plain('MaxPool', [[2, 3, 7, 8]], 'F.max_pool2d(x0, 3, (2, 1), 1)', pool([3, 3], [2, 1], [1, 1])),
  plain(
    'AveragePool',
    [[2, 3, 6, 7]],
    'F.avg_pool2d(x0, 3, 1, 1, count_include_pad=False)',
    pool([3, 3], [1, 1], [1, 1]),
  ),
  plain(
    'AveragePool',
    [[2, 16, 6, 6]],
    'F.avg_pool2d(x0, 3, 1, 1, count_include_pad=False)',
    pool([3, 3], [1, 1], [1, 1]),
  ),
  plain(
    'AveragePool',
    [[2, 3, 7, 8]],
    'F.avg_pool2d(x0, (2, 3), (2, 3), (1, 0))',
    pool([2, 3], [2, 3], [1, 0], { count_include_pad: int(1) }),
  ),
  plain('GlobalAveragePool', [[2, 3, 4, 5]], 'x0.mean((2, 3), keepdim=True)'),
  plain('GlobalMaxPool', [[2, 3, 4, 5]], 'x0.amax((2, 3), keepdim=True)'),
  // Elementwise, with broadcasting
  plain(
    'Add',
    [
      [2, 3, 4],
      [3, 1],
    ],
    'x0 + x1',
  ),
  plain('Sum', [[2, 3], [3], [2, 1]], 'x0 + x1 + x2'),
  plain('Mean', [[2, 3], [3], [2, 1]], '(x0 + x1 + x2) / 3'),
  plain('Sub', [[4], [2, 3, 4]], 'x0 - x1'),
  plain(
    'Mul',
    [
      [2, 3, 4, 5],
      [3, 1, 1],
    ],
    'x0 * x1',
  ),
  plain(
    'Mul',
    [
      [2, 16, 4, 5],
      [2, 16, 1, 1],
    ],
    'x0 * x1',
  ),
  positive(
    plain(
      'Div',
      [
        [2, 3, 4],
        [3, 1],
      ],
      'x0 / x1',
    ),
  ),
  positive(plain('Pow', [[2, 3], [3]], 'x0 ** x1')),
  plain(
    'Min',
    [
      [2, 3, 4],
      [3, 4],
    ],
    'torch.minimum(x0, x1)',
  ),
  plain('Max', [[2, 3, 4], [1]], 'torch.maximum(x0, x1)'),
  unary('Neg', '-x0'),
  unary('Exp', 'torch.exp(x0)'),
  positive(unary('Log', 'torch.log(x0)')),
  positive(unary('Sqrt', 'torch.sqrt(x0)')),
  awayFromKinks(unary('Abs', 'torch.abs(x0)')),
  positive(unary('Reciprocal', '1 / x0')),
  unary('Sin', 'torch.sin(x0)'),
  unary('Cos', 'torch.cos(x0)'),
  inside(unary('Asin', 'torch.asin(x0)')),
  inside(unary('Acos', 'torch.acos(x0)')),
  unary('Atan', 'torch.atan(x0)'),
  unary('Sinh', 'torch.sinh(x0)'),
  unary('Cosh', 'torch.cosh(x0)'),
  unary('Asinh', 'torch.asinh(x0)'),
  { ...unary('Acosh', 'torch.acosh(x0)'), draw: (r) => 1.2 + 2 * r.next() },
  inside(unary('Atanh', 'torch.atanh(x0)')),
  unary('Erf', 'torch.erf(x0)'),
  compared('Greater', 'torch.where(x0 > 0.2, x0, x1)'),
  compared('Less', 'torch.where(x0 < 0.2, x0, x1)'),
  withConstants('Expand', [[3, 1]], 'x0.expand(2, 3, 4)', list(2, 3, 4)),
  // Reductions
  reduce('ReduceSum', 'x0.sum((0, 2), keepdim=True)', [0, 2], 1),
  reduce('ReduceMean', 'x0.mean((1, 3))', [1, -1], 0),
  reduce('ReduceSumSquare', '(x0 * x0).sum((1,))', [1], 0),
  reduce('ReduceL1', 'x0.abs().sum((2, 3), keepdim=True)', [2, 3], 1),
  reduce('ReduceL2', 'x0.norm(dim=(0, 1))', [0, 1], 0),
  reduce('ReduceMax', 'x0.amax((1, 2))', [1, 2], 0),
  reduce('ReduceMin', 'x0.amin((3,), keepdim=True)', [3], 1),
  positive(reduce('ReduceProd', 'x0.prod(2)', [2], 0)),
  reduce('ReduceLogSumExp', 'torch.logsumexp(x0, (1, 3))', [1, 3], 0),
  // Structure
  unary('Identity', 'x0 * 1'),
  withConstants('Reshape', [[2, 3, 4]], 'x0.reshape(4, 6)', list(4, -1)),
  plain('Flatten', [[2, 3, 4]], 'x0.reshape(2, 12)', { axis: int(1) }),
  withConstants('Squeeze', [[2, 1, 3, 1]], 'x0.squeeze(1)', list(1)),
  withConstants('Unsqueeze', [[2, 3]], 'x0.unsqueeze(0).unsqueeze(3)', list(0, 3)),
  plain('Transpose', [[2, 3, 4, 5]], 'x0.permute(2, 0, 3, 1)', { perm: ints([2, 0, 3, 1]) }),
  plain(
    'Concat',
    [
      [2, 3, 4],
      [2, 2, 4],
      [2, 1, 4],
    ],
    'torch.cat([x0, x1, x2], 1)',
    { axis: int(1) },
  ),
  {
    name: 'Split',
    shapes: [[2, 7, 3]],
    torch: 'x0[:, 2:5] * 2',
    build: (g, [x]) => {
      const parts = g.node('Split', [x!, g.constant(int64([2, 3, 2]))], {
        outputs: 3,
        attributes: { axis: int(1) },
      });
      return g.op('Mul', [parts[1]!, g.constant(float32(2))]);
    },
  },
  withConstants('Slice', [[5, 7]], 'x0[1:4, 1:7:2]', (g) =>
    [
      [1, 1],
      [4, 7],
      [0, 1],
      [1, 2],
    ].map((v) => g.constant(int64(v))),
  ),
  withConstants('Slice', [[5, 7]], 'x0.flip(1)[:, 1:6:2]', (g) =>
    [[-2], [-8], [1], [-2]].map((v) => g.constant(int64(v))),
  ),
  withConstants('Pad', [[2, 3, 4]], 'F.pad(x0, (0, 2, 1, 0))', list(0, 1, 0, 0, 0, 2)),
  {
    name: 'Gather axis 0, repeated indices',
    shapes: [[5, 3]],
    torch: 'x0[torch.tensor([[1, 4, 1], [0, 1, 2]])]',
    build: (g, [x]) =>
      g.op('Gather', [
        x!,
        g.constant({ dtype: 'int64', shape: [2, 3], data: BigInt64Array.from([1n, 4n, 1n, 0n, 1n, 2n]) }),
      ]),
  },
  {
    name: 'Gather axis 1',
    shapes: [[2, 5, 3]],
    torch: 'x0[:, torch.tensor([4, 0, 4])]',
    build: (g, [x]) => g.op('Gather', [x!, g.constant(int64([4, 0, 4]))], { axis: int(1) }),
  },
  unary('Cast', 'x0 * 1', { to: int(1) }),
  resize([2, 3, 4, 5], [8, 10], 'nearest', "F.interpolate(x0, scale_factor=2, mode='nearest')"),
  resize(
    [2, 3, 4, 6],
    [8, 9],
    'linear',
    "F.interpolate(x0, size=(8, 9), mode='bilinear', align_corners=False)",
  ),
  resize(
    [2, 3, 8, 6],
    [5, 3],
    'linear',
    "F.interpolate(x0, size=(5, 3), mode='bilinear', align_corners=False)",
  ),
  // Fake quantisation. Values keep clear of ties and of the half step around the bounds, where PyTorch does not clip yet.
  {
    name: 'QuantizeLinear (clipped, then rounded)',
    shapes: [[4, 5, 6, 7]],
    torch: 'torch.fake_quantize_per_tensor_affine(x0, 0.01, 100, 0, 255)',
    draw: (random) => Math.round(random.normal() / 0.02) * 0.02 + 0.006,
    build: (g, [x]) => fakeQuantised(g, x!, 0.01, 100),
    straightThrough: true,
  },
  {
    name: 'DequantizeLinear (after a convolution)',
    shapes: [
      [2, 16, 5, 5],
      [32, 16, 1, 1],
    ],
    torch: 'torch.fake_quantize_per_tensor_affine(F.conv2d(x0, x1), 0.2917, 128, 0, 255)',
    draw: (random) => Math.round(4 * random.normal()) / 4,
    build: (g, inputs) => fakeQuantised(g, g.op('Conv', inputs), 0.2917, 128),
    straightThrough: true,
  },
  // Composite norms, written in primitives for training
  {
    name: 'LayerNormalization',
    shapes: [[3, 4, 5], [5], [5]],
    torch: 'F.layer_norm(x0, (5,), x1, x2, 1e-3)',
    build: (g, inputs) => g.op('LayerNormalization', inputs, { axis: int(-1), epsilon: float(1e-3) }),
  },
  {
    name: 'InstanceNormalization',
    shapes: [[3, 4, 5, 6], [4], [4]],
    torch: 'F.instance_norm(x0, weight=x1, bias=x2, eps=1e-3)',
    build: (g, inputs) => g.op('InstanceNormalization', inputs, { epsilon: float(1e-3) }),
  },
  {
    name: 'GroupNormalization',
    shapes: [[3, 4, 5, 6], [4], [4]],
    torch: 'F.group_norm(x0, 2, x1, x2, 1e-3)',
    build: (g, inputs) => g.op('GroupNormalization', inputs, { num_groups: int(2), epsilon: float(1e-3) }),
  },
];
