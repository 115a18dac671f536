/** The training recipe of a search's jobs. */
import { optimiserRecipe } from '../estimation/optimiser-recipes.ts';
import type { TrialJob } from '../execution/executor.ts';
import type { TrainingChoices } from '../space/training-choices.ts';
import type { SearchOptions } from './options.ts';

type Plan = TrialJob['plan'];

/** The recipe with what the candidate's genome chooses, and before that with what the options fix by hand. */
export function adjusted(
  recipe: Plan,
  { batchSize, learningRate }: Pick<SearchOptions, 'batchSize' | 'learningRate'>,
  training: TrainingChoices = {},
): Plan {
  const batch = training.batchSize ?? batchSize ?? recipe.batchSize;
  const { optimiser, learningRateAt128 } = optimiserOf(recipe, training);
  return {
    ...recipe,
    batchSize: batch,
    optimiser,
    learningRate: training.learningRate ?? learningRate ?? (learningRateAt128 * batch) / 128,
    schedule: training.schedule ?? recipe.schedule,
    warmup: training.warmup ?? recipe.warmup,
    labelSmoothing: training.labelSmoothing ?? recipe.labelSmoothing,
    clipNorm: training.clipNorm ?? recipe.clipNorm,
    augmentation: { ...recipe.augmentation, ...training.augmentation },
  };
}

/** The recipe's optimiser, or another kind with its usual settings, with what was chosen of them. */
function optimiserOf(
  recipe: Plan,
  { optimiser: kind, weightDecay, momentum }: TrainingChoices,
): { readonly optimiser: Plan['optimiser']; readonly learningRateAt128: number } {
  const { optimiser: usual, learningRateAt128 } =
    kind === undefined || kind === recipe.optimiser.kind
      ? { optimiser: recipe.optimiser, learningRateAt128: (recipe.learningRate * 128) / recipe.batchSize }
      : optimiserRecipe(kind);
  const decayed = weightDecay === undefined ? usual : { ...usual, weightDecay };
  if (momentum === undefined) return { optimiser: decayed, learningRateAt128 };
  const optimiser =
    decayed.kind === 'sgd' || decayed.kind === 'rmsprop'
      ? { ...decayed, momentum }
      : { ...decayed, beta1: momentum };
  return { optimiser, learningRateAt128 };
}
