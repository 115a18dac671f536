/** Adam with decoupled weight decay (Loshchilov & Hutter 2019), in PyTorch's form. */
import { requireBelowOne, requireNotNegative } from '../setting.ts';
import type { Optimiser } from './optimiser.ts';

/** Moments and epsilon of {@link adamw}. */
export interface AdamwOptions {
  /** How much of the first moment stays in a step, 0..1 without 1; 0.9 by default. */
  readonly beta1?: number;
  /** How much of the second moment stays in a step, 0..1 without 1; 0.999 by default. */
  readonly beta2?: number;
  /** Added to the root of the second moment, ≥ 0; 1e-8 by default. */
  readonly epsilon?: number;
}

/**
 * Adam with decoupled weight decay (Loshchilov and Hutter 2019, algorithm 2), as PyTorch's `AdamW`: w ← w −
 * lr·decay·w; m ← β₁m + (1 − β₁)g; v ← β₂v + (1 − β₂)g²; w ← w − lr·m̂/(√v̂ + ε), with the bias corrections m̂ = m/(1
 * − β₁ᵗ), v̂ = v/(1 − β₂ᵗ). State: `firstMoment` and `secondMoment`.
 * @throws USAGE when an option is out of its range
 */
export const adamw = ({ beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 }: AdamwOptions = {}): Optimiser => {
  requireBelowOne('adamw', 'beta1', beta1);
  requireBelowOne('adamw', 'beta2', beta2);
  requireNotNegative('adamw', 'epsilon', epsilon);
  return {
    name: 'adamw',
    state: ['firstMoment', 'secondMoment'],
    update({ m, parameters, gradient, decay, learningRate, step, state }) {
      const correction = (beta: number): string => m.sub(m.scalar(1), m.g.op('Pow', [m.scalar(beta), step]));
      const decayed = m.sub(parameters, m.mul(m.mul(decay, parameters), learningRate));
      const first = m.add(m.scale(state[0]!, beta1), m.scale(gradient, 1 - beta1));
      const second = m.add(m.scale(state[1]!, beta2), m.scale(m.mul(gradient, gradient), 1 - beta2));
      const root = m.g.op('Sqrt', [m.div(second, correction(beta2))]);
      const direction = m.div(m.div(first, correction(beta1)), m.add(root, m.scalar(epsilon)));
      return { parameters: m.sub(decayed, m.mul(direction, learningRate)), state: [first, second] };
    },
  };
};
