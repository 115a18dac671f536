/**
 * The statistics of a latency measurement, whatever engine runs the model: warm-up, batches, the median with its
 * interval. It meets neither Node nor ONNX Runtime, so that a browser runs the same protocol.
 *
 * Runs go in batches of about 40 ms. Runs next to each other share what the machine does at the moment (clock speed, a
 * neighbour, the scheduler), so they are not independent and an interval over single runs would be too narrow. The
 * confidence interval is therefore taken over the batches' medians.
 */
import { median, medianInterval, quantile } from './median-interval.ts';

export interface TimingOptions {
  /** Ends early when the interval lies entirely above this bound: the candidate is out whatever the exact figure. */
  readonly maxMs?: number;
  /** Fewest timed runs, unless `maxSeconds` is over; 30 by default. */
  readonly minRuns?: number;
  /** Time for warm-up and measurement; 3 by default. At least one warm-up and three timed runs are made. */
  readonly maxSeconds?: number;
  /** 0..1; 0.95 by default. */
  readonly confidence?: number;
  /** Fewest batches of about 40 ms after the warm-up, unless `maxSeconds` is over; 6 by default. */
  readonly minBatches?: number;
  /** Called before each batch that counts; its time is not counted. */
  readonly beforeBatch?: () => Promise<void>;
  readonly signal?: AbortSignal;
}

/** Times of one inference, milliseconds. */
export interface Timing {
  /** Median of the single runs. */
  readonly medianMs: number;
  /** Lower end of the 95 % confidence interval of the median. */
  readonly lowMs: number;
  /** Upper end of it. */
  readonly highMs: number;
  /** 5 % of the single runs were faster. */
  readonly p5Ms: number;
  /** 25 % were. */
  readonly p25Ms: number;
  /** 75 % were. */
  readonly p75Ms: number;
  /** 95 % were. */
  readonly p95Ms: number;
  /** Timed runs. */
  readonly runs: number;
  /** True when time was out before the interval was within ±2 % of the median. */
  readonly wide: boolean;
}

/** Half the width of an interval that is narrow enough, as a share of the median. */
const NARROW = 0.02;
const BATCH_MS = 40;
const MIN_RUNS_PER_BATCH = 3;
/** Below this many batches no interval of 95 % exists. */
const MIN_BATCHES = 6;

/**
 * Repeats `run` (which gives its milliseconds) until the median's interval is narrow or time is out. Time is counted as
 * the sum of the runs, so that the function depends on nothing but them.
 */
export async function timeRuns(run: () => Promise<number>, options: TimingOptions): Promise<Timing> {
  const {
    maxMs = Number.POSITIVE_INFINITY,
    minRuns = 30,
    maxSeconds = 3,
    confidence = 0.95,
    minBatches = MIN_BATCHES,
    beforeBatch = async () => undefined,
    signal,
  } = options;
  let spentMs = 0;
  const batch = async (size: number): Promise<number[]> => {
    const times: number[] = [];
    while (times.length < size && (times.length < MIN_RUNS_PER_BATCH || spentMs < maxSeconds * 1000)) {
      signal?.throwIfAborted();
      const time = await run();
      spentMs += time;
      times.push(time);
    }
    return times;
  };

  // Warm-up: the first run allocates and tunes; then until two batches in a row agree, for a third of the time at most.
  const first = await batch(1);
  let size = batchSize(first[0]!);
  for (let before = Number.POSITIVE_INFINITY; spentMs < (maxSeconds * 1000) / 3; ) {
    const now = median(await batch(size));
    size = batchSize(now);
    if (Math.abs(now - before) <= NARROW * now) break;
    before = now;
  }

  const all: number[] = [];
  const medians: number[] = [];
  for (;;) {
    await beforeBatch();
    const times = await batch(size);
    all.push(...times);
    medians.push(median(times));
    const timing = summarise(all, medians, confidence);
    const narrow = !timing.wide && all.length >= minRuns && medians.length >= minBatches;
    const over = timing.lowMs > maxMs && medians.length >= MIN_BATCHES / 2;
    if (narrow || over || spentMs >= maxSeconds * 1000) return timing;
  }
}

const batchSize = (ms: number): number =>
  Math.max(MIN_RUNS_PER_BATCH, Math.ceil(BATCH_MS / Math.max(ms, 1e-3)));

/** The interval is the wider one of batches and single runs; with too few of either it spans what was seen. */
function summarise(all: readonly number[], medians: readonly number[], confidence: number): Timing {
  const ascending = [...all].sort((a, b) => a - b);
  const [fastest, slowest] = [ascending[0]!, ascending[ascending.length - 1]!];
  const overRuns = medianInterval(all, confidence);
  const overBatches = medianInterval(medians, confidence);
  const lowMs = Math.max(fastest, Math.min(overRuns.low, overBatches.low));
  const highMs = Math.min(slowest, Math.max(overRuns.high, overBatches.high));
  const medianMs = overRuns.median;
  return {
    medianMs,
    lowMs,
    highMs,
    p5Ms: quantile(ascending, 0.05),
    p25Ms: quantile(ascending, 0.25),
    p75Ms: quantile(ascending, 0.75),
    p95Ms: quantile(ascending, 0.95),
    runs: all.length,
    wide: medians.length < MIN_BATCHES || highMs - lowMs > 2 * NARROW * medianMs,
  };
}
