/** A study kept in memory: for tests, and for searches that nobody will resume. */
import type { Trial } from '../study/trial.ts';
import type { Json, StudyStorage } from './storage.ts';

/** A storage that ends with the process, for tests and studies that nobody resumes. What is put is copied. */
export function createMemoryStorage(): StudyStorage {
  const trials = new Map<number, Trial>();
  const artefacts = new Map<string, Json>();
  return {
    putTrial: async (trial) => void trials.set(trial.number, structuredClone(trial)),
    // Copies both ways: what a caller does to a trial afterwards must not change what is stored.
    trials: async () => structuredClone([...trials.values()].sort((a, b) => a.number - b.number)),
    putArtefact: async (name, value) => void artefacts.set(name, structuredClone(value)),
    artefact: async (name) => structuredClone(artefacts.get(name) ?? null),
    close: async () => {},
  };
}
