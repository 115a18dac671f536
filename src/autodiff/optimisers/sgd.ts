/** Stochastic gradient descent with momentum, in PyTorch's form (Sutskever et al. 2013 for Nesterov's). */
import type { Optimiser } from './optimiser.ts';

/** Momentum of {@link sgd}, plain or Nesterov's (Sutskever et al. 2013). */
export interface SgdOptions {
  /** How much of the velocity stays, 0..1; 0 by default. */
  readonly momentum?: number;
  readonly nesterov?: boolean;
}

/**
 * g ← gradient + decay·w; v ← μ·v + g; w ← w − lr·(g + μ·v) with Nesterov, else w − lr·v. Without momentum there is no v,
 * and w ← w − lr·g.
 */
export const sgd = ({ momentum = 0, nesterov = false }: SgdOptions = {}): Optimiser => ({
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
});
