/** Where a study is kept: its definition, its trials, and small JSON artefacts beside them. One study per storage. */
import type { Trial } from '../study/trial.ts';

/** Any value that survives JSON. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/**
 * Where a study keeps its trials and artefacts; another database is another implementation, which the storage suite of
 * `espalier/testing` checks.
 */
export interface StudyStorage {
  /**
   * Inserts the trial, or replaces the one of the same number. Survives the death of the process once the promise
   * resolves.
   */
  putTrial(trial: Trial): Promise<void>;
  /** All trials, by rising number; copies. */
  trials(): Promise<Trial[]>;
  /** Replaces the artefact of this name. As durable as a trial. */
  putArtefact(name: string, value: Json): Promise<void>;
  /** The artefact of this name; null when there is none. */
  artefact(name: string): Promise<Json>;
  /** Frees the file; no function may be called afterwards. */
  close(): Promise<void>;
}
