/** Huber's loss (1964): squared near the target, absolute far from it. */
import type { Loss } from './loss.ts';
import { inputLike, meanOfAll } from './reduction.ts';

/**
 * Mean of e²/2 where e = |output − target| ≤ delta, else delta·(e − delta/2). Input `targets`: float32, shaped like the
 * model's first output.
 * @param options `delta` > 0, 1 by default
 */
export function huber({ delta = 1 }: { readonly delta?: number } = {}): Loss {
  return {
    name: 'huber',
    build(m, outputs) {
      const error = m.sub(outputs[0]!, inputLike(m, 'targets', outputs[0]!));
      // With c the error held within ±delta: c·(error − c/2) is both branches.
      const held = m.g.op('Clip', [error, m.scalar(-delta), m.scalar(delta)]);
      return meanOfAll(m, m.mul(held, m.sub(error, m.scale(held, 0.5))));
    },
  };
}
