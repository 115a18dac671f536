/**
 * A first-come-first-served mutex whose holders may die: the parent's side of `TrialHooks.exclusively`. A holder may also
 * ask for rest: the other workers then pause at their next step until it leaves.
 */
import { setTimeout as sleep } from 'node:timers/promises';

/** A worker as the others see it. */
export interface Resting {
  /** Asks it to compute nothing; resolves when it does not, or will never again. */
  readonly rest: () => Promise<void>;
  readonly wake: () => void;
}

export interface ExclusiveGate {
  /** @returns what takes the worker out again */
  join(worker: Resting): () => void;
  /**
   * Calls `onGranted` once the gate is free (at once when it is) and, with `alone`, the others rest. Returns the release;
   * calling it twice is harmless.
   */
  enter(holder: Resting, onGranted: () => void, alone?: boolean): () => void;
}

/** A step of a large network may take as long; one that takes longer is not waited for. */
const REST_WITHIN_MS = 2_000;

/** @param restWithinMs how long others may take to come to rest */
export function createExclusiveGate(restWithinMs = REST_WITHIN_MS): ExclusiveGate {
  const workers = new Set<Resting>();
  // The first entry holds the gate, the others wait.
  const entries: (() => void)[] = [];
  return {
    join: (worker) => {
      workers.add(worker);
      return () => void workers.delete(worker);
    },
    enter: (holder, onGranted, alone = false) => {
      let resting: readonly Resting[] = [];
      const entry = (): void => {
        if (!alone) {
          onGranted();
          return;
        }
        resting = [...workers].filter((worker) => worker !== holder);
        const allRest = Promise.all(resting.map((worker) => worker.rest()));
        void Promise.race([allRest, sleep(restWithinMs, undefined, { ref: false })]).then(() => {
          if (entries[0] === entry) onGranted();
        });
      };
      entries.push(entry);
      if (entries[0] === entry) entry();
      return () => {
        const place = entries.indexOf(entry);
        if (place < 0) return;
        for (const worker of resting) worker.wake();
        entries.splice(place, 1);
        if (place === 0) entries[0]?.();
      };
    },
  };
}
