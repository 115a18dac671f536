/** Dice loss for segmentation (Milletari et al. 2016; Sudre et al. 2017). */
import { int } from '../../onnx/graph-builder.ts';
import { type Arithmetic, staticShape } from '../arithmetic.ts';
import { requireNotNegative } from '../setting.ts';
import type { Loss } from './loss.ts';
import { axisProblem, inputLike, meanOfAll } from './reduction.ts';

/** How {@link dice} makes probabilities of the output, and its smoothing term. */
export interface DiceOptions {
  /**
   * What makes probabilities of the output: `sigmoid` (default), `softmax` over axis 1, or `none` where it has them.
   */
  readonly activation?: 'sigmoid' | 'softmax' | 'none';
  /**
   * s ≥ 0, added to numerator and denominator, so that an empty mask that is found empty counts as right; 1 by
   * default. With 0 such a mask is 0/0, NaN.
   */
  readonly smooth?: number;
}

const ACTIVATIONS: Readonly<
  Record<NonNullable<DiceOptions['activation']>, (m: Arithmetic, x: string) => string>
> = {
  sigmoid: (m, x) => m.g.op('Sigmoid', [x]),
  softmax: (m, x) => m.g.op('Softmax', [x], { axis: int(1) }),
  none: (_, x) => x,
};

/**
 * 1 − (2 Σ p·y + s)/(Σ p + Σ y + s) with sums over the pixels of each image and class; the mean over images and
 * classes (Milletari et al. 2016, with plain rather than squared sums in the denominator as Sudre et al. 2017).
 * Output [batch, classes, …pixels], rank 3 or more; input `labels`: float32, 0..1, of the same shape.
 * @throws USAGE when `smooth` is out of its range; when the graph is built, SHAPE when the output has no axis of
 *   pixels
 */
export function dice({ activation = 'sigmoid', smooth = 1 }: DiceOptions = {}): Loss {
  requireNotNegative('dice', 'smooth', smooth);
  return {
    name: 'dice',
    build(m, outputs) {
      const shape = staticShape(m.g.shape(outputs[0]!));
      if (shape.length < 3)
        axisProblem('dice', outputs[0]!, shape, 'has no pixels: [batch, classes, …pixels] is wanted');
      const p = ACTIVATIONS[activation](m, outputs[0]!);
      const labels = inputLike(m, 'labels', p);
      const pixels = Array.from({ length: shape.length - 2 }, (_, i) => i + 2);
      const total = (value: string): string => m.add(m.sum(value, pixels, false), m.scalar(smooth));
      const score = m.div(total(m.scale(m.mul(p, labels), 2)), total(m.add(p, labels)));
      return m.sub(m.scalar(1), meanOfAll(m, score));
    },
  };
}
