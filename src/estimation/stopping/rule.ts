/** Early stopping: whether a trial that is being trained is worth going on with, from the curves of earlier ones. */

/** Validation accuracy after each epoch, 0..1; the first entry is that of epoch 1. */
export type Curve = readonly number[];

export interface StoppingRule {
  readonly name: string;
  /** One sentence for `--help` and the report. */
  readonly description: string;
  /** The number after the colon in `percentile:25`, where the rule takes one. */
  readonly argument: { readonly byDefault: number; readonly least: number; readonly most: number } | null;
  /**
   * Why a trial should stop, in a sentence; null: it should not. Pure.
   * @param curve of the trial so far, shorter than it is going to be
   * @param earlier of complete trials of the same length; at least LEAST_EARLIER
   */
  readonly stop: (curve: Curve, earlier: readonly Curve[], argument: number) => string | null;
}

/** With fewer complete trials no trial is stopped (Optuna's default, n_startup_trials). */
export const LEAST_EARLIER = 5;

export const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
