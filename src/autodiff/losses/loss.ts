/** A loss: nodes from the model's outputs to one scalar, with the graph inputs it needs (labels, targets). */
import type { Arithmetic } from '../arithmetic.ts';

export interface Loss {
  readonly name: string;
  /** Emits the loss; adds its own graph inputs. @returns a scalar value (rank 0). */
  build(m: Arithmetic, outputs: readonly string[]): string;
}
