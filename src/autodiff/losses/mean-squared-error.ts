/** Mean squared error. */
import type { Loss } from './loss.ts';
import { inputLike, meanOfAll } from './reduction.ts';

/**
 * Mean of (output − target)² over all elements. Input `targets`: float32, shaped like the model's first output, which
 * may have any shape.
 */
export function meanSquaredError(): Loss {
  return {
    name: 'meanSquaredError',
    build(m, outputs) {
      const error = m.sub(outputs[0]!, inputLike(m, 'targets', outputs[0]!));
      return meanOfAll(m, m.mul(error, error));
    },
  };
}
