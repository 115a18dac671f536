/** Long work in slices, with other work in between: Ctrl-C, a progress line, results that come in. */
import { setImmediate } from 'node:timers/promises';

/** Milliseconds after which other work has its turn. */
const SLICE = 50;

/**
 * Goes through the steps to their end.
 * @param steps each yields the share that is done, 0..1
 * @param onProgress told that share at the end of each slice
 * @throws what the signal was aborted with
 */
export async function inSlices(
  steps: Iterable<number>,
  signal?: AbortSignal,
  onProgress?: (share: number) => void,
): Promise<void> {
  let until = performance.now() + SLICE;
  for (const share of steps) {
    if (performance.now() < until) continue;
    onProgress?.(share);
    await setImmediate();
    signal?.throwIfAborted();
    until = performance.now() + SLICE;
  }
}
