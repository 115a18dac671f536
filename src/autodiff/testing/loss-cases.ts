/** Cases of every loss: fixed ones, and some of drawn shapes. */
import type { Tensor } from '../../onnx/model.ts';
import { createRandom, type Random } from '../../random.ts';
import { LOSSES } from '../losses/index.ts';
import { sumOfLosses } from '../losses/sum.ts';
import type { LossCase } from './loss-case.ts';

type Draw = (random: Random) => Tensor;
const size = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
const tensor =
  (shape: readonly number[], element: (random: Random) => number): Draw =>
  (random) => ({
    dtype: 'float32',
    shape,
    data: Float32Array.from({ length: size(shape) }, () => element(random)),
  });
export const normal = (...shape: number[]): Draw => tensor(shape, (r) => 2 * r.normal());
const uniform = (...shape: number[]): Draw => tensor(shape, (r) => 0.05 + 0.9 * r.next());
const binary = (...shape: number[]): Draw => tensor(shape, (r) => r.int(2));
export const indices =
  (labels: readonly number[], ...shape: number[]): Draw =>
  (random) => ({
    dtype: 'int64',
    shape,
    data: BigInt64Array.from({ length: size(shape) }, () => BigInt(random.pick(labels))),
  });
/** Rows that sum to one. */
const probabilities = (rows: number, classes: number): Draw => {
  const draw = uniform(rows, classes);
  return (random) => {
    const drawn = draw(random);
    const data = drawn.data as Float32Array;
    for (let row = 0; row < rows; row++) {
      const own = data.subarray(row * classes, (row + 1) * classes);
      const total = own.reduce((a, b) => a + b, 0);
      own.forEach((v, i) => {
        own[i] = v / total;
      });
    }
    return drawn;
  };
};
/** Boxes of a side between 0.5 and 2 whose corners lie around the unit square: most overlap, some do not. */
const boxes = (count: number): Draw => {
  const draw = tensor([count, 2, 2], (r) => r.next());
  return (random) => {
    const corner = draw(random).data as Float32Array;
    const extent = draw(random).data as Float32Array;
    const data = Float32Array.from({ length: count * 4 }, (_, i) => {
      const at = Math.floor(i / 4) * 4 + (i % 2);
      return i % 4 < 2 ? 1.6 * corner[at]! : 1.6 * corner[at]! + 0.5 + 1.5 * extent[at]!;
    });
    return { dtype: 'float32', shape: [count, 4], data };
  };
};

/** Overlap of boxes in plain PyTorch, after the papers; `kind` picks what is returned. */
const overlapInTorch = (kind: string): string =>
  `(lambda a, b: (lambda inter, hull, e:
    (lambda union: (lambda iou: (lambda distance, v: {
      'iou': 1 - iou,
      'giou': 1 - iou + (hull.prod(1) - union) / (hull.prod(1) + e),
      'diou': 1 - iou + distance,
      'ciou': 1 - iou + distance + (v / (1 - iou + v + e)).detach() * v,
    }['${kind}'])(
      ((a[:, :2] + a[:, 2:] - b[:, :2] - b[:, 2:]) ** 2).sum(1) / 4 / ((hull ** 2).sum(1) + e),
      4 / 3.141592653589793 ** 2 * (
        torch.atan((b[:, 2] - b[:, 0]) / (b[:, 3] - b[:, 1])) - torch.atan((a[:, 2] - a[:, 0]) / (a[:, 3] - a[:, 1]))
      ) ** 2,
    ))(inter / (union + e)))((a[:, 2:] - a[:, :2]).prod(1) + (b[:, 2:] - b[:, :2]).prod(1) - inter)
  )(
    (torch.minimum(a[:, 2:], b[:, 2:]) - torch.maximum(a[:, :2], b[:, :2])).clamp(min=0).prod(1),
    torch.maximum(a[:, 2:], b[:, 2:]) - torch.minimum(a[:, :2], b[:, :2]),
    1e-7,
  ))(x0, x1)`.replaceAll('\n', ' ');

const overlapCase = (kind: 'iou' | 'giou' | 'diou' | 'ciou'): LossCase => ({
  name: `boxOverlap ${kind}`,
  loss: LOSSES.boxOverlap({ kind }),
  outputs: [boxes(24)],
  inputs: { targets: boxes(24) },
  torch: `${overlapInTorch(kind)}.mean()`,
});

const ALL = [0, 1, 2, 3, 4];
const FOCAL = (alpha: number, gamma: number): string =>
  `((lambda p, ce: (${alpha} * x1 + ${1 - alpha} * (1 - x1)) * ce * (1 - p * x1 - (1 - p) * (1 - x1)) ** ${gamma})(torch.sigmoid(x0), F.binary_cross_entropy_with_logits(x0, x1, reduction='none')))`;

const FIXED: readonly LossCase[] = [
  {
    name: 'crossEntropy with soft labels',
    loss: LOSSES.crossEntropy(),
    outputs: [normal(6, 5)],
    inputs: { labels: probabilities(6, 5) },
    torch: 'F.cross_entropy(x0, x1)',
  },
  {
    name: 'crossEntropy with soft labels, smoothing and class weights',
    loss: LOSSES.crossEntropy({ smoothing: 0.2, classWeights: [1, 2, 0.5, 3, 1] }),
    outputs: [normal(6, 5)],
    inputs: { labels: probabilities(6, 5) },
    torch: 'F.cross_entropy(x0, x1, weight=torch.tensor([1, 2, 0.5, 3, 1]), label_smoothing=0.2)',
  },
  {
    name: 'crossEntropy with indices',
    loss: LOSSES.crossEntropy({ labels: 'indices' }),
    outputs: [normal(6, 5)],
    inputs: { labels: indices(ALL, 6) },
    torch: 'F.cross_entropy(x0, x1.long())',
  },
  {
    name: 'crossEntropy with indices of pixels, smoothing, class weights and an ignored class',
    loss: LOSSES.crossEntropy({
      labels: 'indices',
      smoothing: 0.1,
      classWeights: [1, 2, 0.5, 3, 1],
      ignoreIndex: 2,
    }),
    outputs: [normal(2, 5, 3, 4)],
    inputs: { labels: indices(ALL, 2, 3, 4) },
    torch:
      'F.cross_entropy(x0, x1.long(), weight=torch.tensor([1, 2, 0.5, 3, 1]), label_smoothing=0.1, ignore_index=2)',
  },
  {
    name: 'crossEntropy with indices, -100 ignored',
    loss: LOSSES.crossEntropy({ labels: 'indices', ignoreIndex: -100 }),
    outputs: [normal(12, 5)],
    inputs: { labels: indices([-100, ...ALL], 12) },
    torch: 'F.cross_entropy(x0, x1.long())',
  },
  {
    name: 'binaryCrossEntropy of logits',
    loss: LOSSES.binaryCrossEntropy(),
    outputs: [normal(4, 7)],
    inputs: { labels: uniform(4, 7) },
    torch: 'F.binary_cross_entropy_with_logits(x0, x1)',
  },
  {
    name: 'binaryCrossEntropy of logits far from zero',
    loss: LOSSES.binaryCrossEntropy(),
    outputs: [tensor([4, 7], (r) => 100 * r.normal())],
    inputs: { labels: binary(4, 7) },
    torch: 'F.binary_cross_entropy_with_logits(x0, x1)',
  },
  {
    name: 'binaryCrossEntropy of logits, positives weighted',
    loss: LOSSES.binaryCrossEntropy({ positiveWeight: 3 }),
    outputs: [normal(4, 7)],
    inputs: { labels: binary(4, 7) },
    torch: 'F.binary_cross_entropy_with_logits(x0, x1, pos_weight=torch.tensor(3.0))',
  },
  {
    name: 'binaryCrossEntropy of probabilities',
    loss: LOSSES.binaryCrossEntropy({ from: 'probabilities' }),
    outputs: [uniform(4, 7)],
    inputs: { labels: uniform(4, 7) },
    torch: 'F.binary_cross_entropy(x0, x1.detach())',
  },
  {
    name: 'focal',
    loss: LOSSES.focal(),
    outputs: [normal(5, 9)],
    inputs: { labels: binary(5, 9) },
    torch: `${FOCAL(0.25, 2)}.mean()`,
  },
  {
    name: 'focal per positive',
    loss: LOSSES.focal({ alpha: 0.6, gamma: 1.5, per: 'positives' }),
    outputs: [normal(5, 9)],
    inputs: { labels: binary(5, 9) },
    torch: `${FOCAL(0.6, 1.5)}.sum() / x1.sum()`,
  },
  {
    // Logits up to ±300: 1 − p_t is 0 in float32 for many. In PyTorch as exp(γ·log σ(−z)) with z the logit of the right answer.
    name: 'focal with gamma below 1, of sure answers',
    loss: LOSSES.focal({ alpha: null, gamma: 0.5 }),
    outputs: [tensor([8, 16], (r) => 100 * r.normal())],
    inputs: { labels: binary(8, 16) },
    torch: '(lambda z: F.softplus(-z) * torch.exp(0.5 * F.logsigmoid(-z)))((2 * x1 - 1) * x0).mean()',
  },
  {
    name: 'focal without alpha and gamma is binary cross-entropy',
    loss: LOSSES.focal({ alpha: null, gamma: 0 }),
    outputs: [normal(5, 9)],
    inputs: { labels: binary(5, 9) },
    torch: 'F.binary_cross_entropy_with_logits(x0, x1)',
  },
  {
    name: 'meanSquaredError',
    loss: LOSSES.meanSquaredError(),
    outputs: [normal(3, 4, 2)],
    inputs: { targets: normal(3, 4, 2) },
    torch: 'F.mse_loss(x0, x1)',
  },
  {
    name: 'meanAbsoluteError',
    loss: LOSSES.meanAbsoluteError(),
    outputs: [normal(3, 4, 2)],
    inputs: { targets: normal(3, 4, 2) },
    torch: 'F.l1_loss(x0, x1)',
  },
  {
    name: 'huber',
    loss: LOSSES.huber({ delta: 1.5 }),
    outputs: [normal(3, 4, 2)],
    inputs: { targets: normal(3, 4, 2) },
    torch: 'F.huber_loss(x0, x1, delta=1.5)',
  },
  {
    name: 'dice of logits',
    loss: LOSSES.dice(),
    outputs: [normal(2, 3, 4, 5)],
    inputs: { labels: binary(2, 3, 4, 5) },
    torch:
      '1 - ((lambda p: (2 * (p * x1).sum((2, 3)) + 1) / ((p + x1).sum((2, 3)) + 1))(torch.sigmoid(x0))).mean()',
  },
  {
    name: 'dice over softmax, without smoothing',
    loss: LOSSES.dice({ activation: 'softmax', smooth: 0 }),
    outputs: [normal(2, 3, 4, 5)],
    inputs: { labels: binary(2, 3, 4, 5) },
    torch: '1 - ((lambda p: 2 * (p * x1).sum((2, 3)) / (p + x1).sum((2, 3)))(torch.softmax(x0, 1))).mean()',
  },
  ...(['iou', 'giou', 'diou', 'ciou'] as const).map(overlapCase),
  {
    name: 'boxOverlap, weighted',
    loss: LOSSES.boxOverlap({ kind: 'ciou', weighted: true }),
    outputs: [boxes(24)],
    inputs: { targets: boxes(24), weights: binary(24) },
    torch: `(${overlapInTorch('ciou')} * x2).sum() / x2.sum()`,
  },
  {
    name: 'distillation',
    loss: LOSSES.distillation({ temperature: 3 }),
    outputs: [normal(6, 5)],
    inputs: { teacherLogits: normal(6, 5) },
    torch: "9 * F.kl_div(F.log_softmax(x0 / 3, 1), F.softmax(x1 / 3, 1), reduction='batchmean')",
  },
  {
    name: 'distillation with labels',
    loss: LOSSES.distillation({ temperature: 2, labelShare: 0.3, crossEntropy: { labels: 'indices' } }),
    outputs: [normal(6, 5)],
    inputs: { teacherLogits: normal(6, 5), labels: indices(ALL, 6) },
    torch:
      "0.7 * 4 * F.kl_div(F.log_softmax(x0 / 2, 1), F.softmax(x1 / 2, 1), reduction='batchmean') + 0.3 * F.cross_entropy(x0, x2.long())",
  },
  {
    name: 'sum of losses of two outputs',
    loss: sumOfLosses({
      classes: { loss: LOSSES.crossEntropy(), outputs: [0] },
      sizes: { loss: LOSSES.huber(), weight: 0.5, outputs: [1] },
    }),
    outputs: [normal(6, 5), normal(6, 2)],
    inputs: { 'classes.labels': probabilities(6, 5), 'sizes.targets': normal(6, 2) },
    torch: 'F.cross_entropy(x0, x2) + 0.5 * F.huber_loss(x1, x3)',
  },
];

/** Images with a class for each pixel, rows, boxes: of drawn sizes, with channels that fill blocks and such that do not. */
function drawnCases(round: number): readonly LossCase[] {
  const r = createRandom('losses').split(round);
  const classes = r.pick([3, 8, 16, 17, 32]);
  const shape = [1 + r.int(3), classes, 1 + r.int(6), 1 + r.int(6)];
  const pixels = [shape[0]!, ...shape.slice(2)];
  const label = (): number => r.int(classes);
  const labels = [label(), label(), label()];
  const weights = Array.from({ length: classes }, () => Number((0.5 + r.next()).toFixed(2)));
  const [smoothing, delta, gamma] = [0.1, 0.5, 1].map((scale) =>
    Number((scale * (0.5 + r.next())).toFixed(2)),
  );
  const temperature = 1 + r.int(4);
  const rows = 2 + r.int(20);
  const named = (loss: string): string => `${loss}, drawn ${round}`;
  const elementwise = (name: 'meanSquaredError' | 'meanAbsoluteError', torch: string): LossCase => ({
    name: named(name),
    loss: LOSSES[name](),
    outputs: [normal(...shape)],
    inputs: { targets: normal(...shape) },
    torch: `F.${torch}(x0, x1)`,
  });
  return [
    {
      name: named('crossEntropy of pixels'),
      loss: LOSSES.crossEntropy({ labels: 'indices', smoothing: smoothing!, classWeights: weights }),
      outputs: [normal(...shape)],
      inputs: { labels: indices(labels, ...pixels) },
      torch: `F.cross_entropy(x0, x1.long(), weight=torch.tensor([${weights}]), label_smoothing=${smoothing})`,
    },
    {
      name: named('crossEntropy of soft rows'),
      loss: LOSSES.crossEntropy({ smoothing: smoothing! }),
      outputs: [normal(rows, classes)],
      inputs: { labels: probabilities(rows, classes) },
      torch: `F.cross_entropy(x0, x1, label_smoothing=${smoothing})`,
    },
    {
      name: named('binaryCrossEntropy'),
      loss: LOSSES.binaryCrossEntropy({ positiveWeight: temperature }),
      outputs: [normal(...shape)],
      inputs: { labels: binary(...shape) },
      torch: `F.binary_cross_entropy_with_logits(x0, x1, pos_weight=torch.tensor(${temperature}.0))`,
    },
    {
      name: named('focal'),
      loss: LOSSES.focal({ alpha: 0.3, gamma: gamma! }),
      outputs: [normal(...shape)],
      inputs: { labels: binary(...shape) },
      torch: `${FOCAL(0.3, gamma!)}.mean()`,
    },
    elementwise('meanSquaredError', 'mse_loss'),
    elementwise('meanAbsoluteError', 'l1_loss'),
    {
      name: named('huber'),
      loss: LOSSES.huber({ delta: delta! }),
      outputs: [normal(...shape)],
      inputs: { targets: normal(...shape) },
      torch: `F.huber_loss(x0, x1, delta=${delta})`,
    },
    {
      name: named('dice'),
      loss: LOSSES.dice({ activation: 'softmax' }),
      outputs: [normal(...shape)],
      inputs: { labels: binary(...shape) },
      torch:
        '1 - ((lambda p: (2 * (p * x1).sum((2, 3)) + 1) / ((p + x1).sum((2, 3)) + 1))(torch.softmax(x0, 1))).mean()',
    },
    {
      name: named('boxOverlap'),
      loss: LOSSES.boxOverlap({ kind: 'ciou' }),
      outputs: [boxes(rows)],
      inputs: { targets: boxes(rows) },
      torch: `${overlapInTorch('ciou')}.mean()`,
    },
    {
      name: named('distillation'),
      loss: LOSSES.distillation({ temperature }),
      outputs: [normal(rows, classes)],
      inputs: { teacherLogits: normal(rows, classes) },
      torch: `${temperature ** 2} * F.kl_div(F.log_softmax(x0 / ${temperature}, 1), F.softmax(x1 / ${temperature}, 1), reduction='batchmean')`,
    },
  ];
}

export const FIXED_LOSS_CASES: readonly LossCase[] = FIXED;
export const LOSS_CASES: readonly LossCase[] = [...FIXED, ...[1, 2, 3].flatMap(drawnCases)];
