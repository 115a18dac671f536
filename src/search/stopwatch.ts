/** Seconds by phase of a run, kept in its storage so that they add up over resumptions. */
import type { StudyStorage } from '../storage/storage.ts';
import { get, put } from './record.ts';

export interface Stopwatch {
  /** Ends the phase before and begins this one. */
  phase(name: string): Promise<void>;
  /** Stores what has passed so far. */
  save(): Promise<void>;
  /** Seconds of all phases of all sessions. */
  total(): number;
  seconds(): Readonly<Record<string, number>>;
}

/** @param began when this session began (milliseconds since the epoch); the first phase counts from there */
export async function createStopwatch(
  storage: StudyStorage,
  began: number,
  first: string,
): Promise<Stopwatch> {
  const before = (await get(storage, 'seconds')) ?? {};
  const seconds: Record<string, number> = { ...before };
  let current = first;
  let since = began;
  const settle = (): void => {
    const now = Date.now();
    seconds[current] = (seconds[current] ?? 0) + (now - since) / 1000;
    since = now;
  };
  const save = async (): Promise<void> => {
    settle();
    await put(storage, 'seconds', seconds);
  };
  return {
    save,
    seconds: () => seconds,
    total: () => Object.values(seconds).reduce((a, b) => a + b, 0) + (Date.now() - since) / 1000,
    async phase(name) {
      await save();
      current = name;
    },
  };
}
