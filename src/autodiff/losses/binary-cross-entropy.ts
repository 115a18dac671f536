/** Binary cross-entropy: each output is a yes or no of its own (multi-label classification, masks). */
import type { Arithmetic } from '../arithmetic.ts';
import { requireNotNegative } from '../setting.ts';
import type { Loss } from './loss.ts';
import { inputLike, meanOfAll, softplus } from './reduction.ts';

/** Probabilities are kept this far from 0 and 1, where the logarithm has no end. */
const MARGIN = 1e-7;

/** How {@link binaryCrossEntropy} reads the output and weighs the labels. */
export interface BinaryCrossEntropyOptions {
  /** What the model's output is: `logits` (default), or `probabilities`, which are held within 1e-7 of 0..1. */
  readonly from?: 'logits' | 'probabilities';
  /** Factor w ≥ 0 of the positives' part, for rare positives; 1 by default. */
  readonly positiveWeight?: number;
}

/** (1 − y)·x + (1 + (w − 1)·y)·softplus(−x) of logits x: nothing overflows. */
export function binaryCrossEntropyOfLogits(
  m: Arithmetic,
  x: string,
  labels: string,
  positiveWeight = 1,
): string {
  if (positiveWeight === 1) return m.sub(softplus(m, x), m.mul(x, labels));
  const weight = m.add(m.scale(labels, positiveWeight - 1), m.scalar(1));
  const negative = m.mul(m.sub(m.scalar(1), labels), x);
  return m.add(negative, m.mul(weight, softplus(m, m.neg(x))));
}

function ofProbabilities(m: Arithmetic, p: string, labels: string, positiveWeight: number): string {
  const inside = m.g.op('Clip', [p, m.scalar(MARGIN), m.scalar(1 - MARGIN)]);
  const one = m.scalar(1);
  const yes = m.mul(m.scale(labels, positiveWeight), m.g.op('Log', [inside]));
  const no = m.mul(m.sub(one, labels), m.g.op('Log', [m.sub(one, inside)]));
  return m.neg(m.add(yes, no));
}

/**
 * Mean over all elements of −(w·y·log p + (1 − y)·log(1 − p)), in nats, as PyTorch's `BCEWithLogitsLoss`. Input
 * `labels`: float32 in 0..1, shaped like the model's first output, which may have any shape.
 * @throws USAGE when an option is out of its range
 */
export function binaryCrossEntropy(options: BinaryCrossEntropyOptions = {}): Loss {
  const { positiveWeight = 1 } = options;
  requireNotNegative('binaryCrossEntropy', 'positiveWeight', positiveWeight);
  return {
    name: 'binaryCrossEntropy',
    build(m, outputs) {
      const x = outputs[0]!;
      const labels = inputLike(m, 'labels', x);
      const of = options.from === 'probabilities' ? ofProbabilities : binaryCrossEntropyOfLogits;
      return meanOfAll(m, of(m, x, labels, positiveWeight));
    },
  };
}
