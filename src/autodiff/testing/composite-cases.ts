/** Cases of operators that a training graph writes in others, of steps, and of activations with weights. */
import { float, type GraphBuilder, int, int64, ints, str } from '../../onnx/graph-builder.ts';
import type { Attributes } from '../../onnx/model.ts';
import type { OperatorCase } from './operator-case.ts';

const of = (
  op: string,
  shapes: readonly (readonly number[])[],
  torch: string,
  attributes: Attributes = {},
  constants: (g: GraphBuilder) => readonly string[] = () => [],
): OperatorCase => ({
  name: `${op}: ${torch}`,
  shapes,
  torch,
  build: (g, inputs) => g.op(op, [...inputs, ...constants(g)], attributes),
});
const activation = (op: string, torch: string, attributes?: Attributes): OperatorCase =>
  of(op, [[2, 3, 4]], torch, attributes);
/** ONNX Runtime knows some operators under its own domain only, or not at all; the training graph needs none of them. */
const image = [2, 3, 5, 6];
const convolution = (auto: string, torch: string): OperatorCase =>
  of('Conv', [image, [4, 3, 3, 2]], torch, { auto_pad: str(auto), strides: ints([2, 1]) });

/** Adds the input, so that there is a gradient at all. */
const step = (op: string, torch: string): OperatorCase => ({
  name: op,
  shapes: [[3, 5]],
  torch: `x0 + ${torch}`,
  straightThrough: true,
  build: (g, [x]) => g.op('Add', [x!, g.op(op, [x!])]),
});

export const COMPOSITE_CASES: readonly OperatorCase[] = [
  of(
    'PRelu',
    [
      [2, 3, 4],
      [3, 1],
    ],
    'torch.where(x0 > 0, x0, x0 * x1)',
  ),
  activation('Mish', 'F.mish(x0)'),
  activation('Selu', 'F.selu(x0)'),
  activation('Celu', 'F.celu(x0, 0.7)', { alpha: float(0.7) }),
  activation('Softsign', 'F.softsign(x0)'),
  activation('ThresholdedRelu', 'F.threshold(x0, 3.0, 0.0)', { alpha: float(3) }),
  activation('Swish', 'F.silu(x0)'),
  activation('QuickGelu', 'x0 * torch.sigmoid(1.702 * x0)'),
  of('BiasGelu', [[2, 3], [3]], 'F.gelu(x0 + x1)'),
  of('FastGelu', [[2, 3]], "F.gelu(x0, approximate='tanh')"),
  activation('Tan', 'torch.tan(0.2 * x0 / 0.2)'),
  step('Sign', 'torch.sign(x0)'),
  step('Floor', 'torch.floor(x0)'),
  step('Ceil', 'torch.ceil(x0)'),
  step('Round', 'torch.round(x0)'),
  of('RMSNormalization', [[3, 5], [5]], 'x0 * (x0.square().mean(-1, keepdim=True) + 1e-3).rsqrt() * x1', {
    epsilon: float(1e-3),
  }),
  of('LpNormalization', [[3, 5]], 'F.normalize(x0, dim=1)', { axis: int(1) }),
  of('LRN', [[2, 7, 3, 3]], 'F.local_response_norm(x0, 5, 0.1, 0.75, 2.0)', {
    size: int(5),
    alpha: float(0.1),
    beta: float(0.75),
    bias: float(2),
  }),
  of(
    'Einsum',
    [
      [2, 3, 4],
      [2, 5, 4],
    ],
    "torch.einsum('bid,bjd->bij', x0, x1)",
    { equation: str('bid,bjd->bij') },
  ),
  of('Pow', [[3, 4]], 'x0 ** 3', {}, (g) => [g.constant({ ...int64([3]), shape: [] })]),
  of('Pow', [[3, 4]], 'x0 ** 2', {}, (g) => [g.constant({ ...int64([2]), shape: [] })]),
  {
    ...of('ReduceLogSum', [[3, 4]], 'x0.sum(1).log()', { keepdims: int(0) }, (g) => [g.constant(int64([1]))]),
    draw: (random) => 0.3 + 2 * random.next(),
  },
  of(
    'GridSample',
    [
      [2, 3, 4, 5],
      [2, 3, 4, 2],
    ],
    "F.grid_sample(x0, x1, 'bilinear', 'zeros', False)",
    { mode: str('bilinear') },
  ),
  of(
    'GridSample',
    [
      [2, 3, 4, 5],
      [2, 3, 4, 2],
    ],
    "F.grid_sample(x0, x1, 'bicubic', 'reflection', False)",
    { mode: str('cubic'), padding_mode: str('reflection') },
  ),
  of(
    'GridSample',
    [
      [2, 2, 3, 4, 5],
      [2, 3, 2, 2, 3],
    ],
    "F.grid_sample(x0, x1, 'bilinear', 'border', True)",
    { mode: str('linear'), padding_mode: str('border'), align_corners: int(1) },
  ),
  of('Tile', [[2, 3]], 'x0.repeat(3, 2)', {}, (g) => [g.constant(int64([3, 2]))]),
  of('DepthToSpace', [[2, 8, 2, 3]], 'F.pixel_shuffle(x0, 2)', { blocksize: int(2), mode: str('CRD') }),
  of(
    'DepthToSpace',
    [[2, 8, 2, 3]],
    'x0.reshape(2, 2, 2, 2, 2, 3).permute(0, 3, 4, 1, 5, 2).reshape(2, 2, 4, 6)',
    { blocksize: int(2) },
  ),
  of(
    'SpaceToDepth',
    [[2, 2, 4, 6]],
    'x0.reshape(2, 2, 2, 2, 3, 2).permute(0, 3, 5, 1, 2, 4).reshape(2, 8, 2, 3)',
    { blocksize: int(2) },
  ),
  // Of 5 rows in strides of 2 come 3, which needs 2 more; of 6 columns with a kernel of 2, 1 more.
  convolution('SAME_UPPER', 'F.conv2d(F.pad(x0, (0, 1, 1, 1)), x1, stride=(2, 1))'),
  convolution('SAME_LOWER', 'F.conv2d(F.pad(x0, (1, 0, 1, 1)), x1, stride=(2, 1))'),
  convolution('VALID', 'F.conv2d(x0, x1, stride=(2, 1))'),
  of(
    'ConvTranspose',
    [
      [2, 3, 4, 4],
      [3, 2, 3, 3],
    ],
    'F.conv_transpose2d(x0, x1, stride=2)[..., 1:, 1:]',
    {
      strides: ints([2, 2]),
      output_shape: ints([8, 8]),
    },
  ),
];
