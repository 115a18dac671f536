/** A trial: one candidate's evaluation in a study, as stored, shown and exported (`trials.json`). */
import type { Genome } from '../space/genome.ts';
import type { TrainingChoices } from '../space/training-choices.ts';

/** `waiting` and `running` trials have no result yet; `pruned` ones were ended on purpose, `failed` ones went wrong. */
export type TrialState = 'waiting' | 'running' | 'complete' | 'pruned' | 'failed';

/**
 * Measures of a candidate by name: valAccuracy, testAccuracy, int8ValAccuracy and int8TestAccuracy (0..1), valLoss
 * (nats), latencyMs and int8LatencyMs (median, batch 1), latencyLowMs and latencyHighMs (95 % interval),
 * latencyTrusted (0 or 1), latencyDrift (share), params, macs and trainingMacs (per image), memoryBytes (peak
 * activations, batch 1, float32), peakMemoryBytes (resident memory that loading and running the model took),
 * sizeBytes and int8SizeBytes (ONNX file), trainSeconds, trainingMemoryBytes, epochs, imagesPerSecond. On another
 * device: `latencyMs@NAME` and the like.
 */
export type Measures = Readonly<Record<string, number>>;

/** One point of a learning curve, at the end of an epoch. */
export interface CurvePoint {
  /** From 1. */
  readonly epoch: number;
  /** Mean loss of the epoch's steps, nats; of augmented images and smoothed labels. */
  readonly trainLoss: number;
  /** Mean cross-entropy on the validation images after it, nats. */
  readonly valLoss: number;
  /** Share of right answers on them, 0..1. */
  readonly valAccuracy: number;
  /** Spent since the training began, validation included. */
  readonly seconds: number;
}

/** One network proposed in a study, and what became of it. */
export interface Trial {
  /** From 0, in the order of proposal. */
  readonly number: number;
  /** How far it is, or how it ended. */
  readonly state: TrialState;
  /** What was proposed. */
  readonly genome: Genome;
  /** Canonical hash of the network and of the training that its genome chose. */
  readonly hash: string;
  /** How the genome wants it trained, where its space chooses that. */
  readonly training?: TrainingChoices;
  /** What the strategy said of its choice, for the report. */
  readonly note?: string;
  /** Level of the study's fidelities, from 0; the highest of them is the full evaluation. */
  readonly fidelity: number;
  /** What is known of it so far. */
  readonly measures: Measures;
  /** A point for each epoch that was trained. */
  readonly curve: readonly CurvePoint[];
  /** Why it was pruned or failed, in a sentence; null otherwise. */
  readonly reason: string | null;
  /** Milliseconds since the epoch; null before. */
  readonly startedAt: number | null;
  /** Milliseconds since the epoch; null before. */
  readonly endedAt: number | null;
}

/** A measure to maximise or minimise. */
export interface Objective {
  /** A name of `Measures`. */
  readonly measure: string;
  /** Which way is better. */
  readonly direction: 'maximise' | 'minimise';
}

/** A measure to keep at or below a bound, in the measure's unit. */
export interface Constraint {
  /** A name of `Measures`. */
  readonly measure: string;
  /** Itself allowed; > 0. */
  readonly max: number;
}
