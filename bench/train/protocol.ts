/**
 * What the benchmark and its two kinds of worker say to each other, one JSON object a line: the task as the worker's only
 * argument, then `Turn` in and `TurnResult` out until the input ends.
 */

/** One side of a comparison: a network, how it is trained, on how many threads. */
export interface WorkerTask {
  readonly network: string;
  /** Name of the Python file. */
  readonly definition: string;
  readonly inputShape: readonly number[];
  readonly classes: number;
  readonly labels: 'input' | 'pixel';
  readonly batch: number;
  readonly threads: number;
  readonly channelsLast: boolean;
}

/** First line that a worker writes, once its first steps are done. */
export interface Ready {
  /** Trainable numbers: both sides must have the same. */
  readonly parameters: number;
}

export interface Turn {
  readonly seconds: number;
}

export interface TurnResult {
  readonly images: number;
  readonly seconds: number;
  /** Peak resident memory of the process until now (VmHWM), in MiB. */
  readonly peakMiB: number;
  /** Of the last step; a side that diverges is measured for nothing. */
  readonly loss: number;
}

/** SGD with Nesterov momentum on both sides. */
export const OPTIMISER = { learningRate: 0.02, momentum: 0.9, weightDecay: 5e-4 } as const;
