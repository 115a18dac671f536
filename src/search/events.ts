/** What a search tells while it runs, in order of time. Plain JSON: `--json` prints one event a line. */
import type { DataReport } from '../data/report.ts';
import type { Trial } from '../study/trial.ts';

/** Median of one image on another device, milliseconds. */
export interface DeviceLatency {
  /** Of the model in float. */
  readonly latencyMs?: number;
  /** Of the model in 8 bits. */
  readonly int8LatencyMs?: number;
  /** Whether nothing spoke against these figures; not there in runs of before. */
  readonly trusted?: boolean;
  /** Whether it ran there, or a calibration said how long it would take. */
  readonly source?: 'measured' | 'predicted';
}

/** How many times as fast as float the model in 8 bits is. */
export interface SpeedUp {
  /** Median over rounds of both models in turns. */
  readonly ratio: number;
  /** Lower end of its 95 % interval. */
  readonly low: number;
  /** Upper end of it. */
  readonly high: number;
}

/** Of the model in 8 bits, with `--int8`; null where the network could not be quantised. */
export interface Int8Result {
  /** Path in the run's folder. */
  readonly int8File?: string | null;
  /** 0..1, on the validation images. */
  readonly int8ValAccuracy?: number | null;
  /** 0..1, on the test images; null when there are none. */
  readonly int8TestAccuracy?: number | null;
  /** Median of one image, milliseconds. */
  readonly int8LatencyMs?: number | null;
  /** Whether nothing spoke against that figure; null where there is none, not there in runs of before. */
  readonly int8LatencyTrusted?: boolean | null;
  /** Of the file. */
  readonly int8SizeBytes?: number | null;
  /** How many times as fast as float, from runs of both in turns, and the 95 % interval. */
  readonly int8SpeedUp?: SpeedUp | null;
}

/** A fully trained member of the Pareto front. */
export interface FrontMember extends Int8Result {
  /** Number of its trial. */
  readonly trial: number;
  /** In the run's folder. */
  readonly file: string;
  /** 0..1, on the test split; null when the data has none. */
  readonly testAccuracy: number | null;
  /** 0..1, on the validation split. */
  readonly valAccuracy: number;
  /** Median of one image on this machine, milliseconds. */
  readonly latencyMs: number;
  /** Whether nothing spoke against that figure, such as a busy machine; not there in runs of before. */
  readonly latencyTrusted?: boolean;
  /** On the devices that `--device` named. */
  readonly devices?: Readonly<Record<string, DeviceLatency>>;
  /** Weights, as it is deployed. */
  readonly params: number;
  /** Multiply-accumulates of one image, as it is deployed. */
  readonly macs: number;
  /** Bounds that the network breaks as it was measured after its training, in words; not there in runs of before. */
  readonly overBounds?: readonly string[];
  /** Another trained network is at least as good in every objective, and better in one; not there in runs of before. */
  readonly dominated?: boolean;
}

/** The last event of a search that was not interrupted: the exported network's figures. */
export interface DoneEvent extends Int8Result {
  readonly event: 'done';
  /** 0..1, on the test split; null when the data has none. */
  readonly testAccuracy: number | null;
  /** 0..1, on the validation split. */
  readonly valAccuracy: number;
  /** Median of one image on this machine, milliseconds. */
  readonly latencyMs: number;
  /** Whether nothing spoke against that figure, such as a busy machine; not there in runs of before. */
  readonly latencyTrusted?: boolean;
  /** On the devices that `--device` named. */
  readonly devices?: Readonly<Record<string, DeviceLatency>>;
  /** Weights, as it is deployed. */
  readonly params: number;
  /** Multiply-accumulates of one image, as it is deployed. */
  readonly macs: number;
  /** With several objectives, or where the first network broke a bound: the trained members of the front, in the order of training. */
  readonly front?: readonly FrontMember[];
  /** How many there were. */
  readonly trials: Readonly<Record<'complete' | 'failed' | 'pruned', number>>;
  /** Of the whole run, all sessions together. */
  readonly seconds: number;
  /** The run's folder. */
  readonly out: string;
}

/** What a search tells while it runs, in order of time; `--json` prints these, one a line. */
export type SearchEvent =
  | {
      readonly event: 'data-loading';
      /** Images read so far. */
      readonly done: number;
      /** Images in all. */
      readonly total: number;
    }
  | {
      readonly event: 'data';
      /** What was found in them. */
      readonly report: DataReport;
    }
  | {
      readonly event: 'plan';
      /** What will be done, in sentences. */
      readonly lines: readonly string[];
      /** Trials in all. */
      readonly trials: number | null;
      /** Milliseconds since the epoch; null: no time limit. */
      readonly deadline: number | null;
      /** Trials at once. */
      readonly workers: number;
      /** Networks that are to be trained fully. */
      readonly finals: number;
      /** How many times as long as a trial each of them takes, about; 0 with a time limit: what is left of it. */
      readonly finalWork: number;
    }
  | {
      readonly event: 'resumed';
      /** Those that an earlier session of the run finished. */
      readonly trials: readonly Trial[];
      /** The best of them in the first objective; null: none is complete within the bounds. */
      readonly best: Trial | null;
      /** Their Pareto front. */
      readonly front: readonly Trial[];
    }
  | {
      readonly event: 'preparing';
      /** What the next trial waits for: the features of all networks of the space, or their list. */
      readonly what: string;
      /** Share of it that is done, 0..1. */
      readonly progress: number;
    }
  | {
      readonly event: 'trial-started';
      /** As it was recorded. */
      readonly trial: Trial;
    }
  | {
      readonly event: 'trial-progress';
      /** Its number. */
      readonly trial: number;
      /** 0..1 of the trial. */
      readonly progress: number;
    }
  | {
      readonly event: 'trial-finished';
      /** With its outcome. */
      readonly trial: Trial;
      /** The best one so far in the first objective; null: none is complete within the bounds. */
      readonly best: Trial | null;
      /** The Pareto front so far. */
      readonly front: readonly Trial[];
    }
  | {
      readonly event: 'final-started';
      /** Number of the trial whose network is trained fully. */
      readonly trial: number;
      /** Of the training, as far as time allows. */
      readonly epochs: number;
    }
  | {
      readonly event: 'final-progress';
      /** Number of the trial. */
      readonly trial: number;
      /** 0..1, never less than before. */
      readonly progress: number;
      /** After the last epoch, 0..1; null before the first has ended. */
      readonly valAccuracy: number | null;
    }
  | {
      readonly event: 'tested';
      /** Number of the trial. */
      readonly trial: number;
      /** Share of right answers, 0..1. */
      readonly testAccuracy: number;
      /** Test images. */
      readonly testCount: number;
    }
  | {
      readonly event: 'exported';
      /** Paths of the files written. */
      readonly files: readonly string[];
    }
  | {
      readonly event: 'warning';
      /** A sentence for people. */
      readonly message: string;
    }
  /** Ctrl-C ended it in order; the last event. */
  | {
      readonly event: 'stopped';
      /** Finished ones. */
      readonly trials: Readonly<Record<'complete' | 'failed' | 'pruned', number>>;
      /** The run's folder. */
      readonly out: string;
    }
  | DoneEvent;

/** Told of what a search does. */
export type OnEvent = (event: SearchEvent) => void;
