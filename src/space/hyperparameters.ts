/** Only the training is searched: one network whose learning rate, decay, batch and optimiser are to be found. */
import { type Choice, float, oneOf, struct, type ValueOf } from './choice.ts';
import { defineSpace } from './define-space.ts';
import type { Genome } from './genome.ts';
import type { SearchSpace } from './space.ts';
import type { TrainingChoices } from './training-choices.ts';
import { validateGenome } from './validation.ts';

/**
 * Choices that suit most image classifiers with batch norm. As a field of a space's own choices, they join its
 * search.
 */
export const trainingChoices = struct({
  /** Peak learning rate. */
  learningRate: float(0.01, 1, { log: true }),
  /** Coefficient of the weight decay. */
  weightDecay: float(1e-5, 5e-3, { log: true }),
  /** Images in a step. */
  batchSize: oneOf([32, 64, 128]),
  /** Share of every label that is spread over all classes. */
  labelSmoothing: float(0, 0.2),
});

/** What makes a space of one network's trainings. */
export interface Hyperparameters<C extends Choice> {
  /** Where the network comes from. */
  readonly space: SearchSpace;
  /** The network, for example the best one of an earlier search. */
  readonly genome: Genome;
  /** {@link trainingChoices} by default. */
  readonly choices?: C;
  /** The training of a set of choices; the choices themselves where it is absent. */
  readonly training?: (values: ValueOf<C>) => TrainingChoices;
}

/**
 * A space whose members are one network, trained in different ways, named `<space>-training`.
 * @throws GENOME when the genome is none of the space; SPACE as `defineSpace`
 */
export function hyperparameterSpace<const C extends Choice = typeof trainingChoices>(
  definition: Hyperparameters<C>,
): SearchSpace {
  const { space, genome } = definition;
  validateGenome(space, genome);
  return defineSpace<Choice>({
    name: `${space.name}-training`,
    description: `The training of one network of the space ${space.name}.`,
    choices: definition.choices ?? trainingChoices,
    build: (_, io) => space.build(genome, io),
    training: (values) => definition.training?.(values as ValueOf<C>) ?? (values as TrainingChoices),
  });
}
