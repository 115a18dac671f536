/** Estimators: what is done to a candidate to learn its measures (performance estimation strategy). */
import type { Augmentation } from '../data/dataset.ts';
import type { TrialJob } from '../execution/executor.ts';
import type { Network } from '../network/network.ts';
import type { Fidelity } from './fidelity.ts';

/** One candidate to be judged, and how much may be spent on it. */
export interface EstimationRequest {
  /** Number of the trial. */
  readonly trial: number;
  /** Not trained yet. */
  readonly network: Network;
  /** Path of the data-set cache. */
  readonly dataset: string;
  /** Training images of each class. */
  readonly classCounts: readonly number[];
  /** Random changes of the training images. */
  readonly augmentation: Augmentation;
  /** How much of a full training is spent. */
  readonly fidelity: Fidelity;
  /** Of this trial. */
  readonly seed: string;
  /** Of training and validation, ≥ 1. */
  readonly threads: number;
  /** Whether and how latency is measured before training; null for not at all. */
  readonly latency: TrialJob['latency'];
}

/** A performance estimation strategy: names the work whose measures stand for a candidate's accuracy. */
export interface Estimator {
  /** As in `ESTIMATORS`. */
  readonly name: string;
  /** One sentence for `--help` and the report. */
  readonly description: string;
  /** The work that gives the measures; the outcome's `measures` are the estimate. Pure. */
  readonly createJob: (request: EstimationRequest) => TrialJob;
}
