/** What the executor and its worker processes say to each other (structured clone over Node's IPC channel). */
import type { JobOutcome, JobProgress, TrialJob } from './executor.ts';

export type ToWorker =
  | { readonly type: 'run'; readonly job: TrialJob }
  /** End the running job at the next step. */
  | { readonly type: 'abort' }
  /** Answer to `wantExclusive`: nobody else measures now. */
  | { readonly type: 'exclusiveGranted' }
  /** Another worker measures alone: compute nothing until `wake`. */
  | { readonly type: 'rest' }
  | { readonly type: 'wake' };

export type FromWorker =
  /** The worker's modules are loaded; it takes jobs. */
  | { readonly type: 'ready' }
  | { readonly type: 'progress'; readonly progress: JobProgress }
  | { readonly type: 'outcome'; readonly outcome: JobOutcome }
  /** `alone`: the other workers rest meanwhile. */
  | { readonly type: 'wantExclusive'; readonly alone: boolean }
  | { readonly type: 'exclusiveDone' }
  /** Answer to `rest`. */
  | { readonly type: 'resting' }
  /** Resident memory in bytes; sent only where the parent cannot read it by itself. */
  | { readonly type: 'memory'; readonly bytes: number };
