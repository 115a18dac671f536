/** Focal loss for dense detection (Lin et al. 2017), on logits. */
import { float32 } from '../../onnx/graph-builder.ts';
import { requireNotNegative, requireShare } from '../setting.ts';
import { binaryCrossEntropyOfLogits } from './binary-cross-entropy.ts';
import type { Loss } from './loss.ts';
import { inputLike, meanOfAll, sumOfAll } from './reduction.ts';

/** The least 1 − p_t: of zero, powers below 1 have no slope. Cross-entropy is zero there in float32, and so is the gradient. */
const LEAST = 1e-30;

/** Balance, focus and divisor of {@link focal}. */
export interface FocalOptions {
  /** Weight α of the positives, 0..1 (the negatives have 1 − α); null for none; 0.25 by default, as in the paper. */
  readonly alpha?: number | null;
  /** How fast the loss of well-classified elements fades, ≥ 0; 2 by default, as in the paper; 0 leaves cross-entropy. */
  readonly gamma?: number;
  /**
   * What the sum is divided by: all `elements` (default), or the sum of the `positives` (at least 1), as in the
   * paper.
   */
  readonly per?: 'elements' | 'positives';
}

/**
 * −α_t (1 − p_t)^γ log p_t in nats, where p_t is the probability given to the right answer: the focal loss of dense
 * detection (Lin et al. 2017, eq. 5). The model's first output is logits of any shape; input `labels`: float32, 0 or
 * 1, of the same shape.
 * @throws USAGE when an option is out of its range
 */
export function focal({ alpha = 0.25, gamma = 2, per = 'elements' }: FocalOptions = {}): Loss {
  if (alpha !== null) requireShare('focal', 'alpha', alpha);
  requireNotNegative('focal', 'gamma', gamma);
  return {
    name: 'focal',
    build(m, outputs) {
      const x = outputs[0]!;
      const labels = inputLike(m, 'labels', x);
      let loss = binaryCrossEntropyOfLogits(m, x, labels);
      if (gamma > 0) {
        // 1 − p_t = y·σ(−x) + (1 − y)·σ(x): no difference in which a small one would be lost
        const missed = m.mul(labels, m.g.op('Sigmoid', [m.neg(x)]));
        const wrong = m.add(missed, m.mul(m.sub(m.scalar(1), labels), m.g.op('Sigmoid', [x])));
        const fade = m.g.op('Pow', [m.g.op('Max', [wrong, m.scalar(LEAST)]), m.g.constant(float32(gamma))]);
        loss = m.mul(loss, fade);
      }
      if (alpha !== null) loss = m.mul(loss, m.add(m.scale(labels, 2 * alpha - 1), m.scalar(1 - alpha)));
      if (per === 'elements') return meanOfAll(m, loss);
      return m.div(sumOfAll(m, loss), m.g.op('Max', [sumOfAll(m, labels), m.scalar(1)]));
    },
  };
}
