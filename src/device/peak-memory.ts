/** The most memory that this process has held since a moment. */
import { readFile, writeFile } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

export interface PeakMemory {
  /** Resident bytes at the beginning. */
  readonly before: number;
  /** The peak so far, bytes. */
  peak(): Promise<number>;
}

/** V8 returns pages from threads of its own. */
const GIVING_BACK_MS = 50;

/**
 * Linux: the high-water mark is set back to the present (proc(5), clear_refs), so that what the process held before does
 * not hide what comes. Elsewhere it is the process's own peak over its whole life, which is an upper bound.
 */
export async function watchPeakMemory(): Promise<PeakMemory> {
  collectGarbage();
  await setTimeout(GIVING_BACK_MS);
  await writeFile('/proc/self/clear_refs', '5').catch(() => undefined);
  // From the same counter: that of `process.memoryUsage` is up to some hundred kilobytes off it.
  return { before: (await highWater()) ?? process.memoryUsage.rss(), peak };
}

const peak = async (): Promise<number> => (await highWater()) ?? process.resourceUsage().maxRSS * 1024;

/** Bytes; null on systems that do not tell. */
async function highWater(): Promise<number | null> {
  const status = await readFile('/proc/self/status', 'utf8').catch(() => '');
  const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
  return kibibytes === undefined ? null : Number(kibibytes) * 1024;
}

/** What is given back meanwhile would hide as much of what comes. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect === 'function') collect();
}
