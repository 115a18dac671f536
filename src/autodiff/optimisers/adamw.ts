/** Adam with decoupled weight decay (Loshchilov & Hutter 2019), in PyTorch's form. */
import type { Optimiser } from './optimiser.ts';

/**
 * w ← w − lr·decay·w; m ← β₁m + (1 − β₁)g; v ← β₂v + (1 − β₂)g²; w ← w − lr·m̂/(√v̂ + ε), with the bias corrections
 * m̂ = m/(1 − β₁ᵗ), v̂ = v/(1 − β₂ᵗ).
 */
export const adamw = (options: {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
}): Optimiser => ({
  name: 'adamw',
  state: ['firstMoment', 'secondMoment'],
  update({ m, parameters, gradient, decay, learningRate, step, state }) {
    const { beta1, beta2, epsilon } = options;
    const correction = (beta: number): string => m.sub(m.scalar(1), m.g.op('Pow', [m.scalar(beta), step]));
    const decayed = m.sub(parameters, m.mul(m.mul(decay, parameters), learningRate));
    const first = m.add(m.scale(state[0]!, beta1), m.scale(gradient, 1 - beta1));
    const second = m.add(m.scale(state[1]!, beta2), m.scale(m.mul(gradient, gradient), 1 - beta2));
    const root = m.g.op('Sqrt', [m.div(second, correction(beta2))]);
    const direction = m.div(m.div(first, correction(beta1)), m.add(root, m.scalar(epsilon)));
    return { parameters: m.sub(decayed, m.mul(direction, learningRate)), state: [first, second] };
  },
});
