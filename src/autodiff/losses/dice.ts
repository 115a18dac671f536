/** Dice loss for segmentation (Milletari et al. 2016; Sudre et al. 2017). */
import { int } from '../../onnx/graph-builder.ts';
import { type Arithmetic, staticShape } from '../arithmetic.ts';
import type { Loss } from './loss.ts';
import { inputLike, meanOfAll } from './reduction.ts';

/** How {@link dice} makes probabilities of the output, and its smoothing term (Milletari et al. 2016). */
export interface DiceOptions {
  /** What makes probabilities of the output: `sigmoid` (default), `softmax` over axis 1, or `none` where it has them. */
  readonly activation?: 'sigmoid' | 'softmax' | 'none';
  /** Added to numerator and denominator, so that an empty mask that is found empty counts as right; 1 by default. */
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
 * classes. Output [batch, classes, …pixels]; input `labels`: float32, 0..1, of the same shape.
 */
export function dice({ activation = 'sigmoid', smooth = 1 }: DiceOptions = {}): Loss {
  return {
    name: 'dice',
    build(m, outputs) {
      const p = ACTIVATIONS[activation](m, outputs[0]!);
      const labels = inputLike(m, 'labels', p);
      const rank = staticShape(m.g.shape(p)).length;
      const pixels = Array.from({ length: rank - 2 }, (_, i) => i + 2);
      const total = (value: string): string => m.add(m.sum(value, pixels, false), m.scalar(smooth));
      const score = m.div(total(m.scale(m.mul(p, labels), 2)), total(m.add(p, labels)));
      return m.sub(m.scalar(1), meanOfAll(m, score));
    },
  };
}
