/** A first-come-first-served mutex whose holders may die: the parent's side of `TrialHooks.exclusively`. */

export interface ExclusiveGate {
  /** Calls `onGranted` once the gate is free (at once when it is). Returns the release; calling it twice is harmless. */
  enter(onGranted: () => void): () => void;
}

export function createExclusiveGate(): ExclusiveGate {
  // The first entry holds the gate, the others wait.
  const entries: (() => void)[] = [];
  return {
    enter: (onGranted) => {
      const entry = () => onGranted();
      entries.push(entry);
      if (entries[0] === entry) entry();
      return () => {
        const place = entries.indexOf(entry);
        if (place < 0) return;
        entries.splice(place, 1);
        if (place === 0) entries[0]?.();
      };
    },
  };
}
