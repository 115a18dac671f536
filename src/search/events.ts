/** What a search tells while it runs, in order of time. Plain JSON: `--json` prints one event a line. */
import type { DataReport } from '../data/report.ts';
import type { Trial } from '../study/trial.ts';

/** Median of one image on another device, milliseconds. */
export interface DeviceLatency {
  readonly latencyMs?: number;
  readonly int8LatencyMs?: number;
  readonly source?: 'measured' | 'predicted';
}

/** Of the model in 8 bits, with `--int8`; null where the network could not be quantised. */
export interface Int8Result {
  /** In the run's folder. */
  readonly int8File?: string | null;
  readonly int8ValAccuracy?: number | null;
  readonly int8TestAccuracy?: number | null;
  readonly int8LatencyMs?: number | null;
  readonly int8SizeBytes?: number | null;
  /** How many times as fast as float, from runs of both in turns, and the 95 % interval. */
  readonly int8SpeedUp?: { readonly ratio: number; readonly low: number; readonly high: number } | null;
}

/** A fully trained member of the Pareto front. */
export interface FrontMember extends Int8Result {
  readonly trial: number;
  /** In the run's folder. */
  readonly file: string;
  readonly testAccuracy: number | null;
  readonly valAccuracy: number;
  readonly latencyMs: number;
  /** On the devices that `--device` named. */
  readonly devices?: Readonly<Record<string, DeviceLatency>>;
  readonly params: number;
  readonly macs: number;
  /** Bounds that the network breaks as it was measured after its training, in words; not there in runs of before. */
  readonly overBounds?: readonly string[];
  /** Another trained network is at least as good in every objective, and better in one; not there in runs of before. */
  readonly dominated?: boolean;
}

export interface DoneEvent extends Int8Result {
  readonly event: 'done';
  /** 0..1, on the test split; null when the data has none. */
  readonly testAccuracy: number | null;
  readonly valAccuracy: number;
  readonly latencyMs: number;
  /** On the devices that `--device` named. */
  readonly devices?: Readonly<Record<string, DeviceLatency>>;
  readonly params: number;
  readonly macs: number;
  /** With several objectives, or where the first network broke a bound: the trained members of the front, in the order of training. */
  readonly front?: readonly FrontMember[];
  readonly trials: { readonly complete: number; readonly failed: number; readonly pruned: number };
  readonly seconds: number;
  readonly out: string;
}

/** What a search tells while it runs; `--json` prints these, one a line. */
export type SearchEvent =
  | { readonly event: 'data-loading'; readonly done: number; readonly total: number }
  | { readonly event: 'data'; readonly report: DataReport }
  /** What will be done, in sentences; the budget lets the terminal show the time left. */
  | {
      readonly event: 'plan';
      readonly lines: readonly string[];
      readonly trials: number | null;
      /** Milliseconds since the epoch; null: no time limit. */
      readonly deadline: number | null;
      readonly workers: number;
      /** Networks that are to be trained fully, and how many times as long as a trial each of them takes, about. */
      readonly finals: number;
      readonly finalWork: number;
    }
  /** Trials that an earlier session of the run finished. */
  | {
      readonly event: 'resumed';
      readonly trials: readonly Trial[];
      readonly best: Trial | null;
      readonly front: readonly Trial[];
    }
  | { readonly event: 'trial-started'; readonly trial: Trial }
  /** 0..1 of the trial. */
  | { readonly event: 'trial-progress'; readonly trial: number; readonly progress: number }
  | {
      readonly event: 'trial-finished';
      readonly trial: Trial;
      readonly best: Trial | null;
      readonly front: readonly Trial[];
    }
  | { readonly event: 'final-started'; readonly trial: number; readonly epochs: number }
  | {
      readonly event: 'final-progress';
      readonly trial: number;
      /** 0..1, never less than before. */
      readonly progress: number;
      readonly valAccuracy: number | null;
    }
  | {
      readonly event: 'tested';
      readonly trial: number;
      readonly testAccuracy: number;
      readonly testCount: number;
    }
  /** Paths of the files written. */
  | { readonly event: 'exported'; readonly files: readonly string[] }
  | { readonly event: 'warning'; readonly message: string }
  /** Ctrl-C ended it in order; the last event. */
  | {
      readonly event: 'stopped';
      /** Finished ones. */
      readonly trials: Readonly<Record<'complete' | 'failed' | 'pruned', number>>;
      readonly out: string;
    }
  | DoneEvent;

export type OnEvent = (event: SearchEvent) => void;
