/** Focal loss for dense detection (Lin et al. 2017), on logits. */
import { float32 } from '../../onnx/graph-builder.ts';
import { requireNotNegative, requireShare } from '../setting.ts';
import { binaryCrossEntropyOfLogits } from './binary-cross-entropy.ts';
import type { Loss } from './loss.ts';
import { inputLike, meanOfAll, sumOfAll } from './reduction.ts';

/** Balance, focus and divisor of {@link focal}. */
export interface FocalOptions {
  /** Weight α of the positives, 0..1 (the negatives have 1 − α); null for none; 0.25 by default, as in the paper. */
  readonly alpha?: number | null;
  /**
   * How fast the loss of well-classified elements fades, ≥ 0; 2 by default, as in the paper; 0 leaves cross-entropy.
   * Between 0 and 1 the gradient is NaN where an answer is so sure that 1 − p_t is 0 in float32.
   */
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
        // 1 − p_t = y + p − 2·y·p
        const p = m.g.op('Sigmoid', [x]);
        const wrong = m.sub(m.add(labels, p), m.scale(m.mul(labels, p), 2));
        loss = m.mul(loss, m.g.op('Pow', [wrong, m.g.constant(float32(gamma))]));
      }
      if (alpha !== null) loss = m.mul(loss, m.add(m.scale(labels, 2 * alpha - 1), m.scalar(1 - alpha)));
      if (per === 'elements') return meanOfAll(m, loss);
      return m.div(sumOfAll(m, loss), m.g.op('Max', [sumOfAll(m, labels), m.scalar(1)]));
    },
  };
}
