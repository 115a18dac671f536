/** A process in which one model after another is measured: what it held before is its own, and a crash ends it alone. */
import { fail } from '../errors.ts';
import { type AskedProcess, startAskedProcess } from '../process/asked-process.ts';
import type { MeasureJob } from './measure-worker.ts';
import type { DeviceMeasurement, DeviceProblem, MeasureParameters } from './remote/wire.ts';

/** Beside this file, as TypeScript in a checkout and as JavaScript in the published package. */
const ENTRY = new URL(
  import.meta.url.endsWith('.ts') ? './measure-worker.ts' : './measure-worker.js',
  import.meta.url,
);

export type MeasureProcess = AskedProcess<MeasureJob, DeviceMeasurement | DeviceProblem>;

export const startMeasureProcess = (): MeasureProcess => startAskedProcess(ENTRY, 'the model');

/** Enough to load any model that can be trained; a few runs are all that memory needs. */
const SECONDS = 60;
const RUNNING_SECONDS = 0.05;

/**
 * Resident bytes that loading and running `model` adds, in a process of its own. In this one, memory that others have given
 * back would be taken first and not be seen.
 * @throws DEVICE_MODEL when it does not run; what the signal was aborted with
 */
export async function peakMemoryOf(
  model: Uint8Array,
  { threads, signal }: { readonly threads: number; readonly signal: AbortSignal },
): Promise<number> {
  const measuring = startMeasureProcess();
  try {
    const parameters: MeasureParameters = {
      threads,
      maxSeconds: RUNNING_SECONDS,
      memory: true,
      shapes: {},
      outputs: false,
    };
    const answer = await measuring.ask({ model, parameters }, SECONDS, signal);
    signal.throwIfAborted();
    if ('p50Ms' in answer && answer.memory !== null) return answer.memory.addedBytes;
    const reason =
      'reason' in answer ? answer.reason : 'error' in answer ? answer.error.message : 'it gave none';
    return fail('DEVICE_MODEL', {
      device: 'here',
      reason: `its memory could not be measured: ${reason}`,
      hint: 'Look at the model with `espalier inspect`.',
    });
  } finally {
    await measuring.kill();
  }
}
