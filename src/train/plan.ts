/** What one training run does, as plain JSON: it travels to worker processes and into the study's record. */

import type { Augmentation } from '../data/dataset.ts';
import type { Tensor } from '../onnx/model.ts';
import type { CurvePoint } from '../study/trial.ts';

/** Weights by initializer name (`<node id>.weight`, `.bias`, `.mean`, `.variance` …). */
export type Weights = ReadonlyMap<string, Tensor>;

export type OptimiserPlan =
  | {
      readonly kind: 'sgd';
      readonly momentum: number;
      readonly nesterov: boolean;
      readonly weightDecay: number;
    }
  | {
      readonly kind: 'adamw';
      readonly beta1: number;
      readonly beta2: number;
      readonly epsilon: number;
      readonly weightDecay: number;
    }
  | {
      readonly kind: 'rmsprop';
      readonly smoothing: number;
      readonly epsilon: number;
      readonly momentum: number;
      readonly centred: boolean;
      readonly weightDecay: number;
    }
  | {
      readonly kind: 'lion';
      readonly beta1: number;
      readonly beta2: number;
      readonly weightDecay: number;
    };

export interface TrainingPlan {
  readonly epochs: number;
  readonly batchSize: number;
  /** Share of the training images used, 0 < share ≤ 1; a fixed stratified subset by seed. */
  readonly dataShare: number;
  readonly optimiser: OptimiserPlan;
  /** Peak learning rate. */
  readonly learningRate: number;
  readonly schedule: 'oneCycle' | 'cosine' | 'constant';
  /** Share of the steps spent warming up, 0..1. */
  readonly warmup: number;
  /** 0..1, spread over all classes (Szegedy et al. 2016). */
  readonly labelSmoothing: number;
  /** Loss weight of each class, or null for none. */
  readonly classWeights: readonly number[] | null;
  /** Global gradient norm bound; 0 for none. */
  readonly clipNorm: number;
  /** Decay per step of the exponential moving average of the weights; 0 for none. */
  readonly ema: number;
  readonly augmentation: Augmentation;
}

export interface TrainingResult {
  /** Best weights: the moving average where the plan has one. */
  readonly weights: Weights;
  readonly curve: readonly CurvePoint[];
  /** Training images per second, loading included. */
  readonly imagesPerSecond: number;
  /** True when the deadline or the signal ended it before the plan's last epoch. */
  readonly cutShort: boolean;
}
