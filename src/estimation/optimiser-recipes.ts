/** Optimisers with the settings that suit small image classifiers, for candidates that choose another than the recipe's. */
import type { OptimiserPlan } from '../train/plan.ts';

interface OptimiserRecipe {
  readonly optimiser: OptimiserPlan;
  /** Peak of a one-cycle schedule at a batch of 128; it grows in proportion to the batch (Goyal et al. 2017). */
  readonly learningRateAt128: number;
}

/** Steps of the last three do not grow with the gradient, so that their rates are smaller by orders of magnitude. */
const RECIPES: { readonly [K in OptimiserPlan['kind']]: OptimiserRecipe } = {
  // High, as short trainings want it (Smith & Topin 2019): see docs/decisions/0007.
  sgd: {
    optimiser: { kind: 'sgd', momentum: 0.9, nesterov: true, weightDecay: 5e-4 },
    learningRateAt128: 0.2,
  },
  // Loshchilov & Hutter 2019.
  adamw: {
    optimiser: { kind: 'adamw', beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.05 },
    learningRateAt128: 3e-3,
  },
  // Tieleman & Hinton 2012; with momentum, as MobileNets are trained (Howard et al. 2019).
  rmsprop: {
    optimiser: {
      kind: 'rmsprop',
      smoothing: 0.9,
      epsilon: 1e-3,
      momentum: 0.9,
      centred: false,
      weightDecay: 1e-5,
    },
    learningRateAt128: 3e-3,
  },
  // Chen et al. 2023: a third to a tenth of AdamW's rate, so many times its decay.
  lion: {
    optimiser: { kind: 'lion', beta1: 0.9, beta2: 0.99, weightDecay: 0.3 },
    learningRateAt128: 5e-4,
  },
};

export const optimiserRecipe = (kind: OptimiserPlan['kind']): OptimiserRecipe => RECIPES[kind];
