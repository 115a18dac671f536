/** Stochastic gradient descent with momentum, in PyTorch's form (Sutskever et al. 2013 for Nesterov's). */
import type { Optimiser } from './optimiser.ts';

/**
 * g ← gradient + decay·w; v ← μ·v + g; w ← w − lr·(g + μ·v) with Nesterov, else w − lr·v.
 */
export const sgd = (options: { readonly momentum: number; readonly nesterov: boolean }): Optimiser => ({
  name: 'sgd',
  state: ['velocity'],
  update({ m, parameters, gradient, decay, learningRate, state }) {
    const g = m.add(gradient, m.mul(decay, parameters));
    const velocity = m.add(m.scale(state[0]!, options.momentum), g);
    const direction = options.nesterov ? m.add(g, m.scale(velocity, options.momentum)) : velocity;
    return { parameters: m.sub(parameters, m.mul(direction, learningRate)), state: [velocity] };
  },
});
