/** The estimators. To add one: a file beside this one, and a row. */
import type { Estimator } from './estimator.ts';
import { fullTraining } from './full-training.ts';
import { partialTraining } from './partial-training.ts';

/** All performance estimation strategies by name. */
export const ESTIMATORS = {
  /** Few epochs, a share of the data, smaller images: for the candidates of a search. */
  partial: partialTraining,
  /** All data at the full resolution, weights averaged: for the best of them. */
  full: fullTraining,
} satisfies Record<string, Estimator>;
