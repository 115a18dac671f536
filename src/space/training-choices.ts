/**
 * How a candidate is trained, where the space leaves that to the genome: architecture and training are then searched
 * together, as they should be where one decides over the other (Zela et al. 2018; Dong et al. 2020).
 *
 * What a space does not choose stays as the search's recipe has it.
 */
import { z } from 'zod';
import { EspalierError, fail } from '../errors.ts';
import type { Genome } from './genome.ts';

/** Parts of an augmentation; see data/dataset.ts for their meaning and units. */
export const AugmentationParts = z.strictObject({
  /** As `Augmentation.flip`. */
  flip: z.boolean().exactOptional(),
  /** As `Augmentation.flipVertical`. */
  flipVertical: z.boolean().exactOptional(),
  /** Pixels, whole, ≥ 0. */
  shift: z.number().int().min(0).exactOptional(),
  /** Pixels, whole, ≥ 0. */
  cutout: z.number().int().min(0).exactOptional(),
  /** 0..1. */
  jitter: z.number().min(0).max(1).exactOptional(),
  /** Degrees, 0..180. */
  rotate: z.number().min(0).max(180).exactOptional(),
  /** 0..0.9. */
  scale: z.number().min(0).max(0.9).exactOptional(),
  /** ≥ 0. */
  mixup: z.number().min(0).exactOptional(),
});

const Choices = z.strictObject({
  /** Its other settings are the search's. */
  optimiser: z.enum(['sgd', 'adamw', 'rmsprop', 'lion']).exactOptional(),
  /** Peak of the schedule, > 0. Where it is not chosen, it follows the optimiser and the batch. */
  learningRate: z.number().positive().exactOptional(),
  /** Coefficient, ≥ 0. */
  weightDecay: z.number().min(0).exactOptional(),
  /** How much of the past gradients stays, 0 to below 1: the momentum of sgd and rmsprop, β₁ of adamw and lion. */
  momentum: z.number().min(0).lt(1).exactOptional(),
  /** Images of a step, ≥ 1. */
  batchSize: z.number().int().positive().exactOptional(),
  /** Share of every label that is spread over all classes, 0 to below 1. */
  labelSmoothing: z.number().min(0).lt(1).exactOptional(),
  /** As `TrainingPlan.schedule`. */
  schedule: z.enum(['oneCycle', 'cosine', 'constant']).exactOptional(),
  /** Share of the steps spent warming up, 0..1. */
  warmup: z.number().min(0).max(1).exactOptional(),
  /** Bound of the gradient's norm, ≥ 0; 0 for none. */
  clipNorm: z.number().min(0).exactOptional(),
  /** Parts of it; the others stay as the search has them. */
  augmentation: AugmentationParts.exactOptional(),
});

/** What a genome says of its training; see `SearchSpace.training`. All fields may be left out. */
export type TrainingChoices = Readonly<z.output<typeof Choices>>;

/**
 * The training of a valid genome, checked; null where its space chooses none.
 * @throws TRAINING with the path of what is wrong
 */
export function trainingOf(
  space: { readonly name: string; readonly training?: (genome: Genome) => TrainingChoices },
  genome: Genome,
): TrainingChoices | null {
  if (space.training === undefined) return null;
  const parsed = Choices.safeParse(chosenBy(space.training, space.name, genome));
  if (parsed.success) return Object.keys(parsed.data).length === 0 ? null : parsed.data;
  const issue = parsed.error.issues[0]!;
  const path = issue.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0]!] : issue.path;
  const reason =
    issue.code === 'unrecognized_keys'
      ? `is nothing that can be chosen; there are ${Object.keys((issue.path.length === 0 ? Choices : AugmentationParts).shape).join(', ')}`
      : issue.message.replace(/^Invalid input: /, '').replace(/^Too /, 'too ');
  return fail('TRAINING', {
    space: space.name,
    path: path.length === 0 ? '(root)' : path.join('.'),
    reason,
    genome: JSON.stringify(genome),
  });
}

/** What the space's own function says; where it fails, that is a mistake of the space. */
function chosenBy(training: (genome: Genome) => unknown, space: string, genome: Genome): unknown {
  try {
    return training(genome);
  } catch (error) {
    if (error instanceof EspalierError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    return fail('TRAINING', { space, path: '(root)', reason, genome: JSON.stringify(genome) }, error);
  }
}

/** One text for equal trainings, whatever the order of their fields. */
export const canonicalTraining = (training: TrainingChoices): string =>
  JSON.stringify(training, (_, value: unknown) =>
    typeof value === 'object' && value !== null
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
