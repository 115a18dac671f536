/**
 * Times models in a process that does nothing else, as in the user's program. In one that also draws, quantises and keeps hundreds of
 * networks the same models take 3 to 4 % longer (docs/devices.md).
 */
import { EspalierError, fail } from '../../errors.ts';
import { type AskedProcess, startAskedProcess } from '../../process/asked-process.ts';
import type { Timer } from './time-briefly.ts';
import type { Refusal, TimingJob } from './timing-worker.ts';
import type { BriefTiming } from './typical-latency.ts';

/** Beside this file, as TypeScript in a checkout and as JavaScript in the published package. */
const ENTRY = new URL(
  import.meta.url.endsWith('.ts') ? './timing-worker.ts' : './timing-worker.js',
  import.meta.url,
);

/** A model that takes longer to load and run some times is none that a calibration draws. */
const SECONDS = 60;

export interface TimingProcess {
  readonly timer: Timer;
  readonly close: () => Promise<void>;
}

/** The process starts with the first model, and again after a crash. Its timer throws what {@link timeHere} does, and MODEL_LOAD for a model that ends it. */
export function timingProcess(threads: number, signal: AbortSignal): TimingProcess {
  let current: AskedProcess<TimingJob, BriefTiming | Refusal> | null = null;
  return {
    timer: async (model) => {
      if (current?.alive() !== true) current = startAskedProcess(ENTRY, 'the model');
      const answer = await current.ask({ model, threads }, SECONDS, signal);
      signal.throwIfAborted();
      if ('refused' in answer) throw new EspalierError(answer.refused.code, answer.refused.details);
      if ('reason' in answer) return fail('MODEL_LOAD', { reason: answer.reason });
      return answer;
    },
    close: async () => current?.kill(),
  };
}
