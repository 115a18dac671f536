/** All losses by name. To add one: a file and a row. */
import { binaryCrossEntropy } from './binary-cross-entropy.ts';
import { boxOverlap } from './box-overlap.ts';
import { crossEntropy } from './cross-entropy.ts';
import { dice } from './dice.ts';
import { distillation } from './distillation.ts';
import { focal } from './focal.ts';
import { huber } from './huber.ts';
import type { Loss } from './loss.ts';
import { meanAbsoluteError } from './mean-absolute-error.ts';
import { meanSquaredError } from './mean-squared-error.ts';

/**
 * All losses by name. Each is a function of its options, all of which have defaults, and takes the model's first
 * output; what graph inputs it adds (`labels`, `targets`, …) its own docstring says.
 */
export const LOSSES = {
  crossEntropy,
  binaryCrossEntropy,
  focal,
  meanSquaredError,
  meanAbsoluteError,
  huber,
  dice,
  boxOverlap,
  distillation,
} satisfies Record<string, () => Loss>;
