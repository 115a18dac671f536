/** A disk that is full or taken away ends the search at once: what is finished is kept, and the run can be gone on with. */
import type { DiskTrouble } from '../disk.ts';
import { fail } from '../errors.ts';
import type { JobOutcome } from '../execution/executor.ts';

/** @throws the trouble, where there is some */
export function failOnDiskTrouble(trouble: DiskTrouble | undefined): void {
  if (trouble !== undefined) fail(trouble.code, trouble.details);
}

/** Going on would only fail the trials that are left. */
export function watchDisk(): {
  /** Aborted by the first trouble. */
  readonly trouble: AbortSignal;
  readonly see: (outcome: JobOutcome) => void;
  /** @throws the first trouble */
  readonly check: () => void;
} {
  const controller = new AbortController();
  let first: DiskTrouble | undefined;
  return {
    trouble: controller.signal,
    see: ({ diskTrouble }) => {
      if (diskTrouble === undefined) return;
      first ??= diskTrouble;
      controller.abort(new Error('the disk cannot be used'));
    },
    check: () => failOnDiskTrouble(first),
  };
}
