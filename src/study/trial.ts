/** A trial: one candidate's evaluation in a study, as stored, shown and exported (`trials.json`). */
import type { Genome } from '../space/genome.ts';
import type { TrainingChoices } from '../space/training-choices.ts';

export type TrialState = 'waiting' | 'running' | 'complete' | 'pruned' | 'failed';

/**
 * Measures of a candidate by name, each in the unit of `MEASURES`: valAccuracy and testAccuracy (0..1), valLoss (nats),
 * latencyMs (median, batch 1), latencyLowMs and latencyHighMs (95 % interval), latencyTrusted (0 or 1), latencyDrift (share),
 * params, macs (per image), memoryBytes (peak activations, batch 1, float32), peakMemoryBytes (resident memory that loading
 * and running the model took), sizeBytes (ONNX file), trainSeconds, trainingMemoryBytes, epochs.
 */
export type Measures = Readonly<Record<string, number>>;

/** One point of a learning curve, at the end of an epoch. */
export interface CurvePoint {
  readonly epoch: number;
  readonly trainLoss: number;
  readonly valLoss: number;
  readonly valAccuracy: number;
  readonly seconds: number;
}

/** One network proposed in a study, and what became of it. */
export interface Trial {
  /** From 0, in the order of proposal. */
  readonly number: number;
  readonly state: TrialState;
  readonly genome: Genome;
  /** Canonical hash of the network and of the training that its genome chose. */
  readonly hash: string;
  /** How the genome wants it trained, where its space chooses that. */
  readonly training?: TrainingChoices;
  /** What the strategy said of its choice, for the report. */
  readonly note?: string;
  /** Level of the study's fidelities, from 0; the highest of them is the full evaluation. */
  readonly fidelity: number;
  readonly measures: Measures;
  readonly curve: readonly CurvePoint[];
  /** Why it was pruned or failed, in a sentence; null otherwise. */
  readonly reason: string | null;
  /** Milliseconds since the epoch; null before. */
  readonly startedAt: number | null;
  readonly endedAt: number | null;
}

/** A measure to maximise or minimise. */
export interface Objective {
  readonly measure: string;
  readonly direction: 'maximise' | 'minimise';
}

/** A measure to keep at or below a bound, in the measure's unit. */
export interface Constraint {
  readonly measure: string;
  readonly max: number;
}
