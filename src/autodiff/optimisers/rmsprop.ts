/** RMSprop (Tieleman & Hinton 2012), in PyTorch's form. */
import { requireBelowOne, requireNotNegative } from '../setting.ts';
import type { Optimiser } from './optimiser.ts';

/** Smoothing, epsilon and momentum of {@link rmsprop}. */
export interface RmspropOptions {
  /** How much α of the mean square stays in a step, 0..1 without 1; 0.99 by default. */
  readonly smoothing?: number;
  /** Added to the root of the mean square, ≥ 0; 1e-8 by default. */
  readonly epsilon?: number;
  /** How much μ of the velocity stays in a step, 0..1 without 1; 0 by default: no velocity is kept. */
  readonly momentum?: number;
  /**
   * Divide by the standard deviation of the gradient rather than its root mean square (Graves 2013); false by
   * default.
   */
  readonly centred?: boolean;
}

/**
 * RMSprop (Tieleman and Hinton 2012), as PyTorch's: g ← gradient + decay·w; s ← α·s + (1 − α)·g²; d = g/(√s + ε); v ←
 * μ·v + d; w ← w − lr·v (w − lr·d without momentum). Centred: ḡ ← α·ḡ + (1 − α)·g, and √(s − ḡ²) in place of √s.
 * State: `meanSquare`, then `meanGradient` where centred and `velocity` with momentum.
 * @throws USAGE when an option is out of its range
 */
export const rmsprop = (options: RmspropOptions = {}): Optimiser => {
  const { smoothing = 0.99, epsilon = 1e-8, momentum = 0, centred = false } = options;
  requireBelowOne('rmsprop', 'smoothing', smoothing);
  requireBelowOne('rmsprop', 'momentum', momentum);
  requireNotNegative('rmsprop', 'epsilon', epsilon);
  return {
    name: 'rmsprop',
    state: ['meanSquare', ...(centred ? ['meanGradient'] : []), ...(momentum > 0 ? ['velocity'] : [])],
    update({ m, parameters, gradient, decay, learningRate, state }) {
      const rest = [...state];
      const g = m.add(gradient, m.mul(decay, parameters));
      const running = (value: string): string =>
        m.add(m.scale(rest.shift()!, smoothing), m.scale(value, 1 - smoothing));
      const meanSquare = running(m.mul(g, g));
      const next = [meanSquare];
      let square = meanSquare;
      if (centred) {
        const mean = running(g);
        next.push(mean);
        // Rounding may make the difference slightly negative.
        square = m.g.op('Max', [m.sub(meanSquare, m.mul(mean, mean)), m.scalar(0)]);
      }
      let direction = m.div(g, m.add(m.g.op('Sqrt', [square]), m.scalar(epsilon)));
      if (momentum > 0) {
        direction = m.add(m.scale(rest.shift()!, momentum), direction);
        next.push(direction);
      }
      return { parameters: m.sub(parameters, m.mul(direction, learningRate)), state: next };
    },
  };
};
