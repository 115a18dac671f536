/** A loss: nodes from the model's outputs to one scalar, with the graph inputs it needs (labels, targets). */
import type { Arithmetic } from '../arithmetic.ts';

/** Gives the name of a value that equals the given one and that no gradient flows through. */
export type StopGradient = (value: string) => string;

/** A loss input whose elements are numbers of classes. */
export interface ClassLabels {
  /** Name of the graph input, int64. */
  readonly input: string;
  /** Its elements are 0 to one less than this. */
  readonly classes: number;
  /** The one other number that may stand there; null for none. */
  readonly ignored: number | null;
}

/**
 * What a training graph minimises: a scalar formed of the model's outputs and of inputs that the loss adds (labels,
 * weights).
 */
export interface Loss {
  /** As in `LOSSES`; one of your own may have any. */
  readonly name: string;
  /**
   * Emits the loss; adds its own graph inputs, whose names are what a training step is fed by.
   * @param outputs names of the model's outputs in order; losses of one output take the first
   * @returns the name of a float32 scalar (rank 0)
   */
  build(m: Arithmetic, outputs: readonly string[], stopGradient: StopGradient): string;
  /**
   * Which of those inputs hold numbers of classes; a stepper looks at them before each step. None by default.
   * @param shapes of the model's outputs, as `build` takes them
   */
  readonly classLabels?: (shapes: readonly (readonly number[])[]) => readonly ClassLabels[];
}
