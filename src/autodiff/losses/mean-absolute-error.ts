/** Mean absolute error. */
import type { Loss } from './loss.ts';
import { inputLike, meanOfAll } from './reduction.ts';

/**
 * Mean of |output − target| over all elements. Input `targets`: float32, shaped like the model's first output, which
 * may have any shape.
 */
export function meanAbsoluteError(): Loss {
  return {
    name: 'meanAbsoluteError',
    build(m, outputs) {
      const error = m.sub(outputs[0]!, inputLike(m, 'targets', outputs[0]!));
      return meanOfAll(m, m.g.op('Abs', [error]));
    },
  };
}
