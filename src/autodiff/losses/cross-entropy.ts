/** Softmax cross-entropy, with class indices or soft labels, in PyTorch's form. */
import { int } from '../../onnx/graph-builder.ts';
import { type Arithmetic, staticShape } from '../arithmetic.ts';
import { requireNotNegative, requireShare } from '../setting.ts';
import type { Loss } from './loss.ts';
import { alongClasses, asFloat, axisProblem, sumOfAll } from './reduction.ts';

/** What the labels of {@link crossEntropy} are, and how they are smoothed and weighed. */
export interface CrossEntropyOptions {
  /**
   * `probabilities` (default): input `labels` is float32, shaped like the logits: one-hot, smoothed, mixed or
   * weighted rows, which need not sum to one. `indices`: input `labels` is int64, shaped like the logits without axis
   * 1.
   */
  readonly labels?: 'probabilities' | 'indices';
  /** Share ε of every label that is spread evenly over the classes (Szegedy et al. 2016), 0..1; 0 by default. */
  readonly smoothing?: number;
  /**
   * A weight ≥ 0 for each class; all 1 by default. With indices the mean is weighted too; with probabilities it is
   * over all rows.
   */
  readonly classWeights?: readonly number[];
  /**
   * With indices: elements of this label do not count; none by default. Other labels outside 0..classes − 1 are refused by a
   * stepper; in the graph itself they do not count.
   */
  readonly ignoreIndex?: number;
}

/** A number that no label equals: the place of the ignored class among those that are compared. */
const NO_LABEL = -(2 ** 31);

/**
 * Mean of −Σ labels · log softmax(logits), in nats, as PyTorch's `CrossEntropyLoss`. Logits are the model's first
 * output, [batch, classes, …]; further axes (pixels) are averaged over like the batch. When every element is ignored
 * the loss is 0.
 * @throws USAGE when an option is out of its range; when the graph is built, SHAPE when the output has no axis of
 *   classes, or not as many classes as there are weights
 */
export function crossEntropy(options: CrossEntropyOptions = {}): Loss {
  const { smoothing = 0, classWeights } = options;
  requireShare('crossEntropy', 'smoothing', smoothing);
  for (const [i, weight] of (classWeights ?? []).entries())
    requireNotNegative('crossEntropy', `classWeights[${i}]`, weight);
  return {
    name: 'crossEntropy',
    classLabels: ([shape]) => {
      if (options.labels !== 'indices') return [];
      const { ignoreIndex } = options;
      const ignored = ignoreIndex !== undefined && Number.isInteger(ignoreIndex) ? ignoreIndex : null;
      return [{ input: 'labels', classes: shape![1]!, ignored }];
    },
    build(m, outputs) {
      const logits = outputs[0]!;
      const shape = staticShape(m.g.shape(logits));
      if (shape.length < 2)
        axisProblem('crossEntropy', logits, shape, 'has no axis of classes: [batch, classes, …] is wanted');
      if (classWeights && classWeights.length !== shape[1])
        axisProblem(
          'crossEntropy',
          logits,
          shape,
          `has ${shape[1]} classes, not ${classWeights.length} as classWeights`,
        );
      const logProbabilities = m.g.op('LogSoftmax', [logits], { axis: int(shape.length === 2 ? -1 : 1) });
      return options.labels === 'indices'
        ? ofIndices(m, shape, logProbabilities, options)
        : ofProbabilities(m, shape, logProbabilities, options);
    },
  };
}

function ofProbabilities(
  m: Arithmetic,
  shape: readonly number[],
  logProbabilities: string,
  { smoothing = 0, classWeights }: CrossEntropyOptions,
): string {
  let labels = m.g.input('labels', 'float32', shape);
  if (smoothing > 0) labels = m.add(m.scale(labels, 1 - smoothing), m.scalar(smoothing / shape[1]!));
  if (classWeights) labels = m.mul(labels, alongClasses(m.g, classWeights, shape.length));
  const elements = shape.reduce((a, b) => a * b, 1) / shape[1]!;
  return m.scale(sumOfAll(m, m.mul(labels, logProbabilities)), -1 / elements);
}

function ofIndices(
  m: Arithmetic,
  shape: readonly number[],
  logProbabilities: string,
  { smoothing = 0, classWeights, ignoreIndex }: CrossEntropyOptions,
): string {
  const { g } = m;
  const classes = shape[1]!;
  const labels = g.input(
    'labels',
    'int64',
    shape.filter((_, i) => i !== 1),
  );
  const numbers = Array.from({ length: classes }, (_, i) => BigInt(i === ignoreIndex ? NO_LABEL : i));
  const each = g.constant({
    dtype: 'int64',
    shape: [1, classes, ...shape.slice(2).map(() => 1)],
    data: BigInt64Array.from(numbers),
  });
  const axis = g.constant({ dtype: 'int64', shape: [1], data: BigInt64Array.of(1n) });
  const oneHot = asFloat(m, g.op('Equal', [g.op('Unsqueeze', [labels, axis]), each]));
  const weights = classWeights && alongClasses(g, classWeights, shape.length);
  const weighted = (value: string): string => (weights ? m.mul(value, weights) : value);
  const counted = weighted(oneHot);
  let targets = counted;
  if (smoothing > 0) {
    const spread = weighted(m.scale(m.sum(oneHot, [1], true), smoothing / classes));
    targets = m.add(m.scale(counted, 1 - smoothing), spread);
  }
  const total = g.op('Max', [sumOfAll(m, counted), m.scalar(1e-12)]);
  return m.neg(m.div(sumOfAll(m, m.mul(targets, logProbabilities)), total));
}
