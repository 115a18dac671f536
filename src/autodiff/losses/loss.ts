/** A loss: nodes from the model's outputs to one scalar, with the graph inputs it needs (labels, targets). */
import type { Arithmetic } from '../arithmetic.ts';

/** An equal value that no gradient flows through. */
export type StopGradient = (value: string) => string;

/**
 * What a training graph minimises: a scalar formed of the model's outputs and of inputs that the loss adds (labels,
 * weights).
 */
export interface Loss {
  readonly name: string;
  /**
   * Emits the loss; adds its own graph inputs.
   * @param outputs the model's outputs in order; losses of one output take the first
   * @returns a scalar value (rank 0)
   */
  build(m: Arithmetic, outputs: readonly string[], stopGradient: StopGradient): string;
}
