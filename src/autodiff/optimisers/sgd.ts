/** Stochastic gradient descent with momentum, in PyTorch's form (Sutskever et al. 2013 for Nesterov's). */
import { requireBelowOne } from '../setting.ts';
import type { Optimiser } from './optimiser.ts';

/** Momentum of {@link sgd}, plain or Nesterov's (Sutskever et al. 2013). */
export interface SgdOptions {
  /** How much μ of the velocity stays in a step, 0..1 without 1; 0 by default: no velocity is kept. */
  readonly momentum?: number;
  /**
   * Step from where the velocity leads (Sutskever et al. 2013); false by default, and without effect where momentum
   * is 0.
   */
  readonly nesterov?: boolean;
}

/**
 * Stochastic gradient descent with momentum, as PyTorch's `SGD`: g ← gradient + decay·w; v ← μ·v + g; w ← w − lr·(g +
 * μ·v) with Nesterov, else w − lr·v. Without momentum there is no v, and w ← w − lr·g. State: `velocity` with
 * momentum.
 * @throws USAGE when the momentum is out of its range
 */
export const sgd = ({ momentum = 0, nesterov = false }: SgdOptions = {}): Optimiser => {
  requireBelowOne('sgd', 'momentum', momentum);
  return {
    name: 'sgd',
    state: momentum === 0 ? [] : ['velocity'],
    shown: ['velocity'],
    update({ m, parameters, gradient, decay, learningRate, state }) {
      const g = m.add(gradient, m.mul(decay, parameters));
      const moved = (direction: string): string => m.sub(parameters, m.mul(direction, learningRate));
      if (momentum === 0) return { parameters: moved(g), state: [] };
      const velocity = m.add(m.scale(state[0]!, momentum), g);
      const direction = nesterov ? m.add(g, m.scale(velocity, momentum)) : velocity;
      return { parameters: moved(direction), state: [velocity] };
    },
  };
};
