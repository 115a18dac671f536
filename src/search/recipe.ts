/** The training recipe of a search's jobs. */
import type { TrialJob } from '../execution/executor.ts';
import type { SearchOptions } from './options.ts';

/** The recipe with what the options fix by hand. */
export function adjusted(
  recipe: TrialJob['plan'],
  { batchSize, learningRate }: SearchOptions,
): TrialJob['plan'] {
  const batch = batchSize ?? recipe.batchSize;
  return {
    ...recipe,
    batchSize: batch,
    learningRate: learningRate ?? (recipe.learningRate * batch) / recipe.batchSize,
  };
}
