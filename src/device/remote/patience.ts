/** Asking a device again: what a device that goes away, or sends rubbish, costs. */
import { setTimeout as sleep } from 'node:timers/promises';
import { EspalierError } from '../../errors.ts';
import type { Device } from './device.ts';

export interface Patience {
  /** How long a device that does not answer is waited for, from the first time that it does not. */
  readonly seconds: number;
  /** Told at the first failure of a measurement, and whenever the reason is another one. */
  readonly onTrouble?: (message: string) => void;
  /** Replaced in tests. */
  readonly wait?: (milliseconds: number, signal?: AbortSignal) => Promise<void>;
  readonly now?: () => number;
}

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;
/** Rubbish is not cured by waiting. */
const USELESS_ANSWERS = 3;

const waitFor = async (milliseconds: number, signal?: AbortSignal): Promise<void> => {
  await sleep(milliseconds, undefined, { ...(signal && { signal }) });
};

/**
 * `device`, asked again after a failure: as long as the patience lasts when it does not answer, three times in all when
 * its answers are of no use, not at all when it refuses or the model does not run there.
 */
export function patientDevice(device: Device, patience: Patience): Device {
  const { seconds, onTrouble, wait = waitFor, now = () => performance.now() } = patience;

  const insist = async <T>(ask: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> => {
    let silentSince: number | null = null;
    let useless = 0;
    let told = '';
    for (let pause = FIRST_WAIT_MS; ; pause = Math.min(2 * pause, LONGEST_WAIT_MS)) {
      try {
        return await ask();
      } catch (error) {
        if (signal?.aborted || !(error instanceof EspalierError)) throw error;
        if (error.code === 'DEVICE_ANSWER') {
          useless++;
          if (useless >= USELESS_ANSWERS) throw error;
        } else if (error.code === 'DEVICE_UNREACHABLE') {
          silentSince ??= now();
          if (now() + pause - silentSince > seconds * 1000) throw error;
        } else throw error;
        if (error.message !== told) onTrouble?.(error.message);
        told = error.message;
      }
      try {
        await wait(pause, signal);
      } catch (error) {
        // The timer's own AbortError would hide why.
        signal?.throwIfAborted();
        throw error;
      }
    }
  };

  return {
    describe: (signal) => insist(() => device.describe(signal), signal),
    measure: (model, request) => insist(() => device.measure(model, request), request.signal),
    close: () => device.close(),
  };
}
