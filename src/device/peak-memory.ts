/** The most memory that this process has held since a moment. */
import { readFile, writeFile } from 'node:fs/promises';

export interface PeakMemory {
  /** Resident bytes at the beginning. */
  readonly before: number;
  /** The peak so far, bytes. */
  peak(): Promise<number>;
}

/**
 * Linux: the high-water mark is set back to the present (proc(5), clear_refs), so that what the process held before does
 * not hide what comes. Elsewhere it is the process's own peak over its whole life, which is an upper bound.
 */
export async function watchPeakMemory(): Promise<PeakMemory> {
  await writeFile('/proc/self/clear_refs', '5').catch(() => undefined);
  return {
    before: process.memoryUsage.rss(),
    async peak() {
      const status = await readFile('/proc/self/status', 'utf8').catch(() => '');
      const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
      return (kibibytes === undefined ? process.resourceUsage().maxRSS : Number(kibibytes)) * 1024;
    },
  };
}
