/** An optimiser: the update of all parameters, held as one flat vector, written as graph nodes. */
import type { Arithmetic } from '../arithmetic.ts';

/** What an optimiser's update is built from: names of values in the graph. */
export interface UpdateContext {
  readonly m: Arithmetic;
  /** Flat parameters [P] and their gradient [P]. */
  readonly parameters: string;
  readonly gradient: string;
  /** Weight decay of each parameter [P]: the coefficient, or 0 for norms and biases. */
  readonly decay: string;
  /** Scalars: learning rate of this step; the step's number, from 1. */
  readonly learningRate: string;
  readonly step: string;
  /** State vectors [P] in the order of `state`. */
  readonly state: readonly string[];
}

/**
 * A rule of update as a piece of graph: from parameters, gradient and its own state to those after the step, all flat
 * vectors [P].
 */
export interface Optimiser {
  readonly name: string;
  /** Names of the state vectors, each [P], zero at the start. */
  readonly state: readonly string[];
  /** Those of them that cannot be NaN or infinite while the parameters after the step are finite: they need no check. */
  readonly shown?: readonly string[];
  update(context: UpdateContext): { readonly parameters: string; readonly state: readonly string[] };
}
