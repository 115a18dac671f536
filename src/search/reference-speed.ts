/** How fast this machine is at its best, by which a run tells whether a latency was taken in a slow phase. */
import { localEngine } from '../device/local-engine.ts';
import { describeMachine } from '../device/machine.ts';
import { fastestReading } from '../device/reference-kernel.ts';
import type { StudyStorage } from '../storage/storage.ts';
import { engineName } from './engine-name.ts';
import { get, put } from './record.ts';

/**
 * Takes a reading now, while nothing of the run computes, and keeps the fastest one of the run. A run that goes on
 * elsewhere begins anew. It takes half a second.
 */
export async function takeReference(storage: StudyStorage, threads: number): Promise<number> {
  const [machine, runtime] = [describeMachine().processor, engineName()];
  const ms = await fastestReading(localEngine(threads));
  const before = await get(storage, 'reference');
  const same =
    before !== null && before.machine === machine && before.runtime === runtime && before.threads === threads;
  const fastest = same ? Math.min(before.ms, ms) : ms;
  await put(storage, 'reference', { machine, runtime, threads, ms: fastest });
  return fastest;
}
