/** Measures models in a process that does nothing else. */
import type { LatencyJob } from './latency-worker.ts';
import type { ModelMeasurement, measureModel } from './measure-model.ts';
import { modelProcess } from './model-process.ts';

/** Beside this file, as TypeScript in a checkout and as JavaScript in the published package. */
const ENTRY = new URL(
  import.meta.url.endsWith('.ts') ? './latency-worker.ts' : './latency-worker.js',
  import.meta.url,
);

/** Enough for models of which one run takes a minute: a measurement has warm-up and three runs at least. */
const SECONDS = 600;

export interface LatencyProcess {
  /** As {@link measureModel}, there; MODEL_LOAD also for a model that ends the process. */
  readonly measure: typeof measureModel;
  readonly close: () => Promise<void>;
}

export function latencyProcess(): LatencyProcess {
  const { ask, close } = modelProcess<LatencyJob, ModelMeasurement>(ENTRY, SECONDS);
  return {
    measure: (model, { signal = new AbortController().signal, ...options } = {}) =>
      ask({ model, options }, signal),
    close,
  };
}
