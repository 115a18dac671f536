/** One at a time, first come first served. */

export interface Turns {
  /** Runs `work` when its turn has come. Null when too many wait already, or the signal is aborted before its turn. */
  take<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T | null>;
}

/** @param most that may wait beside the one that runs */
export function createTurns(most: number): Turns {
  let last: Promise<unknown> = Promise.resolve();
  let open = 0;
  return {
    take: async (signal, work) => {
      if (open > most) return null;
      open++;
      const mine = last.then(() => (signal.aborted ? null : work()));
      last = mine.catch(() => undefined);
      try {
        return await mine;
      } finally {
        open--;
      }
    },
  };
}
