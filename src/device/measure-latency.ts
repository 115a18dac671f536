/**
 * Latency of a model on this machine: how long one inference takes, batch 1, on a given number of threads.
 *
 * The time measured is the whole call from JavaScript, since that is what a user of the model waits for; time-runs.ts
 * says how runs become a figure with an interval.
 *
 * Measured on two cores, one thread, 0.02 to 8 ms: repeats agree within 3 %, also beside one busy process. With more
 * busy processes than cores, models of more than a scheduler's slice (about 4 ms) took twice as long, and no interval
 * can tell: keep a core free for the measurement.
 */
import type { Tensor } from '../onnx/model.ts';
import { createSession } from '../runtime/session.ts';
import { timeRun } from './engine.ts';
import { describeMachine } from './machine.ts';
import { type Timing, type TimingOptions, timeRuns } from './time-runs.ts';

export interface LatencyOptions extends TimingOptions {
  /** Threads of one operator; 1 by default. */
  readonly threads?: number;
}

export interface Latency extends Timing {
  readonly threads: number;
  readonly provider: 'cpu';
  /** The processor's name. */
  readonly machine: string;
}

/** Loads `model` (ONNX bytes) and measures it on `feeds`. @throws MODEL_LOAD; what the signal was aborted with */
export async function measureLatency(
  model: Uint8Array,
  feeds: Readonly<Record<string, Tensor>>,
  options: LatencyOptions = {},
): Promise<Latency> {
  const threads = options.threads ?? 1;
  const session = await createSession(model, { threads });
  try {
    const timing = await timeRuns(() => timeRun(session, feeds), options);
    return { ...timing, threads, provider: 'cpu', machine: describeMachine().processor };
  } finally {
    await session.release();
  }
}
