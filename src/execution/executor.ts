/**
 * Where trials run. A job is plain JSON, so that it can cross to a child process or another machine.
 */

import type { ImageDataset } from '../data/dataset.ts';
import type { measureModel } from '../device/measure-model.ts';
import type { DiskTrouble } from '../disk.ts';
import type { StopRequest } from '../estimation/stopping/index.ts';
import type { Network } from '../network/network.ts';
import type { createSession } from '../runtime/session.ts';
import type { Constraint, CurvePoint, Measures } from '../study/trial.ts';
import type { TrainingPlan } from '../train/plan.ts';

/** Other devices that a candidate's latency is measured on, before training. */
export interface TrialDevices {
  /** One or more. */
  readonly targets: readonly {
    /** As in `latencyMs@NAME`. */
    readonly name: string;
    /** As device/remote/address.ts reads it; with its token. */
    readonly address: string;
    /** Bound on its latency, milliseconds: a candidate over it is not trained; null for none. */
    readonly maxMs: number | null;
    /** Also ask what memory the network takes, which costs the device a fresh process; false by default. */
    readonly memory?: boolean;
  }[];
  /** How long a device that does not answer is waited for; then the trial fails. */
  readonly patienceSeconds: number;
}

/** Estimate one network: check its latency against the bound, train it by the plan, validate it. */
export interface TrialJob {
  /** Number of the trial. */
  readonly trial: number;
  /** Not trained yet. */
  readonly network: Network;
  /** Path of the decoded data set (data/cache). */
  readonly dataset: string;
  /** How it is trained. */
  readonly plan: TrainingPlan;
  /** Seeds weights, order and augmentation of this trial. */
  readonly seed: string;
  /** Of training and validation, ≥ 1. */
  readonly threads: number;
  /** Measure latency (before training); null for not at all. */
  readonly latency: {
    /** Of the measurement, ≥ 1. */
    readonly threads: number;
    /** Bound on the median, milliseconds: a candidate over it is not trained; null for none. */
    readonly maxMs: number | null;
    /** What the reference kernel takes on this machine at its best, milliseconds; absent: not known. */
    readonly referenceMs?: number;
  } | null;
  /** Measure what memory the network takes, in a process of its own; absent: not. */
  readonly peakMemory?: boolean;
  /**
   * Bounds on sizes (bytes) and memory (bytes): a candidate over one of them is not trained. Those on latency stand
   * with it.
   */
  readonly bounds?: readonly Constraint[];
  /** Measured with as many threads as `latency` says, or one. */
  readonly devices?: TrialDevices;
  /** Also quantise the candidate: its latency before training (which the bound is then for), its accuracy after. */
  readonly int8?: boolean;
  /** May stop the training after an epoch; absent: it goes on to the end. */
  readonly stop?: StopRequest;
  /** Share of the image side used in training, 0 < share ≤ 1; 1 when absent. Latency is always that of the full side. */
  readonly resolution?: number;
  /** Training must end by then (milliseconds since the epoch), with a shortened schedule if need be. */
  readonly deadline?: number;
  /** It hangs when it takes longer than so many seconds, and is killed; absent: the executor's own limit holds. */
  readonly timeLimitSeconds?: number;
  /** File to resume the training from when it is there, and to write at every epoch's end. */
  readonly checkpoint?: string;
  /** Where the trained weights go, as safetensors; absent: they are dropped. */
  readonly weightsFile?: string;
}

/** How far a running job is. */
export interface JobProgress {
  /** Number of the trial. */
  readonly trial: number;
  /** 0..1 of the whole job. */
  readonly progress: number;
  /** The epoch that has just ended. */
  readonly curve?: CurvePoint;
  /** Something that the user should know now. */
  readonly note?: string;
}

/** How a job ended; measures and curve hold what was known by then, `reason` why it is not complete. */
export interface JobOutcome {
  /** `pruned`: over a bound, or stopped early. */
  readonly state: 'complete' | 'pruned' | 'failed';
  /** By name, in the units of `Measures`. */
  readonly measures: Measures;
  /** A point for each epoch. */
  readonly curve: readonly CurvePoint[];
  /** In a sentence; null when it is complete. */
  readonly reason: string | null;
  /**
   * The trial failed for a device and not by its own fault: that is `gone` (nobody answers, or not to us any more), or its
   * answers are `useless`.
   */
  readonly deviceTrouble?: 'gone' | 'useless';
  /** It failed for the disk and not by its own fault. */
  readonly diskTrouble?: DiskTrouble;
}

/** How a job is ended and followed. */
interface RunHooks {
  /** Ends it: its outcome is then `failed`. */
  readonly signal: AbortSignal;
  /** Called while it runs. */
  readonly onProgress: (progress: JobProgress) => void;
}

/** Runs trials somewhere: in this process, in child processes, on other machines. */
export interface Executor {
  /** How many jobs may run at once, ≥ 1; further ones wait. */
  readonly slots: number;
  /** Never rejects for what a job does: a crash, a kill, a time-out or NaN is an outcome `failed` with its reason. */
  run(job: TrialJob, options: RunHooks): Promise<JobOutcome>;
  /** Ends all jobs and frees what they ran in. */
  close(): Promise<void>;
}

/** What the other trials do meanwhile. */
interface MeasuringOptions {
  /** Whether they pause their training; false by default. */
  readonly alone?: boolean;
}

/** What a trial may use of the place where it runs. */
export interface TrialHooks {
  /** Ends the trial. */
  readonly signal: AbortSignal;
  /** To be called while it runs. */
  readonly onProgress: (progress: JobProgress) => void;
  /** Reads a data-set cache; a place that runs many trials keeps the last one in memory. */
  readonly loadDataset: (path: string) => Promise<ImageDataset>;
  /** Opens the session of a training; a place that runs many trials keeps some for candidates of the same structure. */
  readonly openSession: typeof createSession;
  /** Measures a model as the user's program will run it: where trainings take place it would find other pages and caches. */
  readonly measureModel: typeof measureModel;
  /**
   * Runs `measure` while no other trial of this executor measures. Latencies taken at the same time disturb each other.
   * With `alone` the other trials also pause their training; without it they go on. What remains are other programs.
   */
  readonly exclusively: <T>(measure: () => Promise<T>, options?: MeasuringOptions) => Promise<T>;
}

/** Turns a job into its outcome. May throw: the executor makes an outcome `failed` of it. */
export type EvaluateTrial = (job: TrialJob, hooks: TrialHooks) => Promise<JobOutcome>;
