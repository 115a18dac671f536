/** Huber's loss (1964): squared near the target, absolute far from it. */
import { requireSetting } from '../setting.ts';
import type { Loss } from './loss.ts';
import { inputLike, meanOfAll } from './reduction.ts';

/** Where {@link huber} goes from squared to absolute. */
interface HuberOptions {
  /** Largest error that is squared, > 0, in the unit of the targets; 1 by default. */
  readonly delta?: number;
}

/**
 * Mean of e²/2 where e = |output − target| ≤ delta, else delta·(e − delta/2) (Huber 1964). Input `targets`: float32,
 * shaped like the model's first output, which may have any shape.
 * @throws USAGE when `delta` is not a finite number above 0
 */
export function huber({ delta = 1 }: HuberOptions = {}): Loss {
  requireSetting('huber', 'delta', delta, delta > 0 && delta < Infinity, 'a finite number above 0');
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
