/** What one training run does, as plain JSON: it travels to worker processes and into the study's record. */

import type { Augmentation } from '../data/dataset.ts';
import type { Tensor } from '../onnx/model.ts';
import type { CurvePoint } from '../study/trial.ts';

/** Weights by initializer name (`<node id>.weight`, `.bias`, `.mean`, `.variance` …). */
export type Weights = ReadonlyMap<string, Tensor>;

/**
 * An optimiser of `OPTIMISERS` with all its settings, ranges as there, and its weight decay (≥ 0; norms and biases
 * are spared).
 */
export type OptimiserPlan =
  | {
      readonly kind: 'sgd';
      /** As `SgdOptions`. */
      readonly momentum: number;
      /** As `SgdOptions`. */
      readonly nesterov: boolean;
      /** Added to the gradient, times the weight. */
      readonly weightDecay: number;
    }
  | {
      readonly kind: 'adamw';
      /** As `AdamwOptions`. */
      readonly beta1: number;
      /** As `AdamwOptions`. */
      readonly beta2: number;
      /** As `AdamwOptions`. */
      readonly epsilon: number;
      /** Decoupled: subtracted times the learning rate and the weight. */
      readonly weightDecay: number;
    }
  | {
      readonly kind: 'rmsprop';
      /** As `RmspropOptions`. */
      readonly smoothing: number;
      /** As `RmspropOptions`. */
      readonly epsilon: number;
      /** As `RmspropOptions`. */
      readonly momentum: number;
      /** As `RmspropOptions`. */
      readonly centred: boolean;
      /** Added to the gradient, times the weight. */
      readonly weightDecay: number;
    }
  | {
      readonly kind: 'lion';
      /** As `LionOptions`. */
      readonly beta1: number;
      /** As `LionOptions`. */
      readonly beta2: number;
      /** Decoupled: subtracted times the learning rate and the weight. */
      readonly weightDecay: number;
    };

/** What one training run does, as plain JSON: it travels to worker processes and into the study's record. */
export interface TrainingPlan {
  /** Passes over the training images, ≥ 1. */
  readonly epochs: number;
  /** Images in a step, ≥ 1; a last batch that is not full is left out. */
  readonly batchSize: number;
  /** Share of the training images used, 0 < share ≤ 1; a fixed stratified subset by seed. */
  readonly dataShare: number;
  /** And its weight decay. */
  readonly optimiser: OptimiserPlan;
  /** At its peak, > 0. */
  readonly learningRate: number;
  /**
   * How it comes down after the warm-up, to a thousandth: in a line (`oneCycle`, with the warm-up the triangle of
   * Smith and Topin 2019), by half a cosine (`cosine`, Loshchilov and Hutter 2017, without restarts), or not
   * (`constant`).
   */
  readonly schedule: 'oneCycle' | 'cosine' | 'constant';
  /** Share of the steps, 0..1, in which it rises in a line from a twentieth of the peak. */
  readonly warmup: number;
  /** Share of every label, 0..1, that is spread evenly over all classes (Szegedy et al. 2016). */
  readonly labelSmoothing: number;
  /** Factor ≥ 0 of each class in the loss; null for none. */
  readonly classWeights: readonly number[] | null;
  /** Bound of the global gradient norm (Pascanu et al. 2013); 0 for none. */
  readonly clipNorm: number;
  /**
   * Decay per step of the exponential moving average of the weights, 0..1, reached gradually: min(ema, (1 + step)/(10
   * + step)); 0 for none.
   */
  readonly ema: number;
  /** Random changes of the training images. */
  readonly augmentation: Augmentation;
}

/** What a training gives. */
export interface TrainingResult {
  /** Those after the last step; their moving average where the plan has one. */
  readonly weights: Weights;
  /** A point for each epoch. */
  readonly curve: readonly CurvePoint[];
  /** Training images per second, loading included. */
  readonly imagesPerSecond: number;
  /** True when the deadline or the signal ended it before the plan's last epoch. */
  readonly cutShort: boolean;
}
