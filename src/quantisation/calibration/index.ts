/** The ways to choose ranges, by the name that `--method` takes. To add one: a file and a row. */
import type { Calibrator } from './calibrator.ts';
import { entropy } from './entropy.ts';
import { meanSquaredError } from './mean-squared-error.ts';
import { minMax } from './min-max.ts';
import { percentile } from './percentile.ts';

/** All ways to choose the range of an activation from what was seen, by name. */
export const CALIBRATORS = {
  minMax,
  percentile,
  entropy,
  /** The interval with the least expected squared error of rounding and clipping (Banner et al. 2019): the default. */
  mse: meanSquaredError,
} as const satisfies Record<string, Calibrator>;

/** Name of a calibrator. */
export type CalibrationMethod = keyof typeof CALIBRATORS;
