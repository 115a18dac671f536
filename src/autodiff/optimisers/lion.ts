/** Lion: the sign of a momentum (Chen et al. 2023), with decoupled weight decay. */
import { requireBelowOne } from '../setting.ts';
import type { Optimiser } from './optimiser.ts';

/** The two averages of {@link lion}. */
export interface LionOptions {
  /** Share of the momentum in the direction, 0..1 without 1; 0.9 by default. */
  readonly beta1?: number;
  /** How much of the momentum stays in a step, 0..1 without 1; 0.99 by default. */
  readonly beta2?: number;
}

/**
 * Lion, the sign of a momentum with decoupled weight decay (Chen et al. 2023, algorithm 2): c = β₁·m + (1 − β₁)·g; w
 * ← w − lr·(sign(c) + decay·w); m ← β₂·m + (1 − β₂)·g. The learning rate wants to be three to ten times lower than
 * AdamW's, and the decay as much higher. State: `momentum`.
 * @throws USAGE when an option is out of its range
 */
export const lion = ({ beta1 = 0.9, beta2 = 0.99 }: LionOptions = {}): Optimiser => {
  requireBelowOne('lion', 'beta1', beta1);
  requireBelowOne('lion', 'beta2', beta2);
  return {
    name: 'lion',
    state: ['momentum'],
    update({ m, parameters, gradient, decay, learningRate, state }) {
      const blend = (beta: number): string => m.add(m.scale(state[0]!, beta), m.scale(gradient, 1 - beta));
      const direction = m.add(m.g.op('Sign', [blend(beta1)]), m.mul(decay, parameters));
      return { parameters: m.sub(parameters, m.mul(direction, learningRate)), state: [blend(beta2)] };
    },
  };
};
