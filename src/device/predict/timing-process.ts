/** Times models briefly in a process that does nothing else. */
import { modelProcess } from '../model-process.ts';
import type { Timer } from './time-briefly.ts';
import type { TimingJob } from './timing-worker.ts';
import type { BriefTiming } from './typical-latency.ts';

/** Beside this file, as TypeScript in a checkout and as JavaScript in the published package. */
const ENTRY = new URL(
  import.meta.url.endsWith('.ts') ? './timing-worker.ts' : './timing-worker.js',
  import.meta.url,
);

/** A model that takes longer to load and run some times is none that a calibration draws. */
const SECONDS = 60;

export interface TimingProcess {
  /** Throws what {@link timeHere} does, and MODEL_LOAD for a model that ends the process. */
  readonly timer: Timer;
  readonly close: () => Promise<void>;
}

export function timingProcess(threads: number, signal: AbortSignal): TimingProcess {
  const { ask, close } = modelProcess<TimingJob, BriefTiming>(ENTRY, SECONDS);
  return { timer: (model) => ask({ model, threads }, signal), close };
}
