/** Resident memory of another process. */
import { readFile } from 'node:fs/promises';

/** True where {@link residentBytes} can read another process; elsewhere the worker reports its own memory. */
export const CAN_READ_OTHERS = process.platform === 'linux';

/** Resident bytes of process `pid`, or null when it is gone. Linux only: `VmRSS` of /proc, which needs no page size. */
export async function residentBytes(pid: number): Promise<number | null> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  return kibibytes === undefined ? null : Number(kibibytes) * 1024;
}

/** Bytes for people: `1.5 GiB`, `300 MiB`. */
export function formatBytes(bytes: number): string {
  const mebibytes = bytes / 2 ** 20;
  return mebibytes < 1024 ? `${Math.round(mebibytes)} MiB` : `${(mebibytes / 1024).toFixed(1)} GiB`;
}
