/** The error of a training step that was not finite, with the name of what failed. */
import { fail } from '../errors.ts';
import { type Diagnosis, diagnose, type TrainingRecipe } from './diagnose.ts';
import type { Stepper } from './step.ts';

const WAYS_OUT: Readonly<Record<Diagnosis['cause'], string>> = {
  input: 'Look for images that cannot be read right, and at the normalisation: a channel may have no spread.',
  weights: 'Start from weights that are whole: another seed, or an earlier checkpoint.',
  computation: 'Lower the learning rate, or set a bound on the gradient norm (clipNorm).',
};

/**
 * Looks for what failed in the last step of `stepper`.
 * @param at the step's loss, and its epoch from 1 on
 * @throws DIVERGED always
 */
export async function failDiverged(
  recipe: TrainingRecipe,
  stepper: Stepper,
  at: { readonly loss: number; readonly epoch: number; readonly threads: number },
): Promise<never> {
  const { loss, epoch, threads } = at;
  const what = Number.isFinite(loss) ? 'a weight became NaN or infinite' : `the loss became ${loss}`;
  const { cause, text } = await diagnose(recipe, stepper.lastFeeds(), threads);
  return fail('DIVERGED', { what, step: stepper.steps, epoch, where: text, hint: WAYS_OUT[cause] });
}
