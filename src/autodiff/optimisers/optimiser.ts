/** An optimiser: the update of all parameters, held as one flat vector, written as graph nodes. */
import type { Arithmetic } from '../arithmetic.ts';

/** What an optimiser's update is built from: names of float32 values in the graph. */
export interface UpdateContext {
  /** Emits the nodes. */
  readonly m: Arithmetic;
  /** Flat parameters [P]. */
  readonly parameters: string;
  /** Gradient of the loss by the parameters [P], clipped where clipping is on. */
  readonly gradient: string;
  /** Weight decay of each parameter [P]: the coefficient, or 0 for norms and biases. */
  readonly decay: string;
  /** Learning rate of this step: a scalar, or [P] where a learning-rate factor is set. */
  readonly learningRate: string;
  /** The step's number, from 1: a scalar. */
  readonly step: string;
  /** State vectors [P] in the order of the optimiser's `state`. */
  readonly state: readonly string[];
}

/** Names of the values after a step. */
interface Updated {
  /** [P]. */
  readonly parameters: string;
  /** Each [P], in the order of the optimiser's `state`. */
  readonly state: readonly string[];
}

/**
 * A rule of update as a piece of graph: from parameters, gradient and its own state to those after the step, all flat
 * vectors [P].
 */
export interface Optimiser {
  /** As in `OPTIMISERS`; one of your own may have any. */
  readonly name: string;
  /** Names of the state vectors, each [P], zero at the start. */
  readonly state: readonly string[];
  /**
   * Those of them that cannot be NaN or infinite while the parameters after the step are finite: they need no check.
   * None by default.
   */
  readonly shown?: readonly string[];
  /** Emits the update. */
  update(context: UpdateContext): Updated;
}
