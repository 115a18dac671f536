/** The estimators. To add one: a file beside this one, and a row. */
import type { Estimator } from './estimator.ts';
import { fullTraining } from './full-training.ts';
import { partialTraining } from './partial-training.ts';

/** All performance estimation strategies by name. */
export const ESTIMATORS = {
  partial: partialTraining,
  full: fullTraining,
} satisfies Record<string, Estimator>;
