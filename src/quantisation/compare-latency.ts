/** Latency of two models beside each other: runs alternate, so that both meet the machine in the same state. */
import { median, medianInterval } from '../device/median-interval.ts';
import type { Tensor } from '../onnx/model.ts';
import { createSession } from '../runtime/session.ts';

/** How two models compare that were timed in turn. */
export interface LatencyComparison {
  /** Median of one inference of the first, milliseconds. */
  readonly firstMs: number;
  /** Median of one inference of the second, milliseconds. */
  readonly secondMs: number;
  /** How many times as fast the second is: the median over rounds. */
  readonly speedUp: number;
  /** Lower end of its 95 % interval. */
  readonly low: number;
  /** Upper end of it. */
  readonly high: number;
  /** Rounds that were timed, ≥ 6. */
  readonly rounds: number;
  /** Of one operator. */
  readonly threads: number;
}

/** How two models are timed. */
interface ComparisonOptions {
  /** Of one operator; 1 by default. */
  readonly threads?: number;
  /** Seconds after which no further round begins, unless there were fewer than six; 3 by default. */
  readonly maxSeconds?: number;
  /** Ends the comparison between two rounds. */
  readonly signal?: AbortSignal;
  /**
   * Milliseconds since some moment; those on the wall by default. {@link processorMs}, for one thread, leaves out what other
   * processes take of a busy machine.
   */
  readonly clock?: () => number;
}

const CONFIDENCE = 0.95;
/** Runs of each model in a round take this long, so that a round outlasts the timer's noise. */
const ROUND_MS = 5;
/** Below six no interval of 95 % exists. */
const FEWEST_ROUNDS = 6;
/** Enough when the interval of the ratio is this narrow. */
const ROUNDS = 30;
const NARROW = 0.02;

const ratioOf = (times: readonly (readonly [number, number])[]): ReturnType<typeof medianInterval> =>
  medianInterval(
    times.map(([a, b]) => a / b),
    CONFIDENCE,
  );

/** Milliseconds that this process has computed, in all its threads. */
export function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/**
 * Latency of two models beside each other: runs alternate, so that both meet the machine in the same state. Until the
 * interval of the ratio is within 2 % after 30 rounds, or time is out.
 * @param models ONNX bytes; both take `feeds`
 * @throws MODEL_LOAD; MODEL_INPUT when a model does not take the feeds; what the signal was aborted with
 */
export async function compareLatency(
  [first, second]: readonly [Uint8Array, Uint8Array],
  feeds: Readonly<Record<string, Tensor>>,
  options: ComparisonOptions = {},
): Promise<LatencyComparison> {
  const { threads = 1, maxSeconds = 3, signal, clock = () => performance.now() } = options;
  const a = await createSession(first, { threads });
  const b = await createSession(second, { threads }).catch(async (error: unknown) => {
    await a.release();
    throw error;
  });
  const time = async (session: typeof a, runs: number): Promise<number> => {
    const began = clock();
    for (let i = 0; i < runs; i++) await session.run(feeds);
    return (clock() - began) / runs;
  };
  try {
    await time(a, 3);
    await time(b, 3);
    const runsOf = async (session: typeof a): Promise<number> =>
      Math.min(100, Math.max(1, Math.ceil(ROUND_MS / Math.max(await time(session, 3), 1e-3))));
    const [runsA, runsB] = [await runsOf(a), await runsOf(b)];
    const times: [number, number][] = [];
    const end = performance.now() + maxSeconds * 1000;
    for (;;) {
      signal?.throwIfAborted();
      // Each goes first in every other round: what the one leaves in the caches is not the other's advantage.
      const first = times.length % 2 === 0 ? await time(a, runsA) : null;
      const second = await time(b, runsB);
      times.push([first ?? (await time(a, runsA)), second]);
      const ratio = ratioOf(times);
      const narrow = times.length >= ROUNDS && ratio.high - ratio.low < NARROW * ratio.median;
      if (narrow || (performance.now() > end && times.length >= FEWEST_ROUNDS)) break;
    }
    const ratio = ratioOf(times);
    return {
      firstMs: median(times.map(([x]) => x)),
      secondMs: median(times.map(([, y]) => y)),
      speedUp: ratio.median,
      low: ratio.low,
      high: ratio.high,
      rounds: times.length,
      threads,
    };
  } finally {
    await a.release();
    await b.release();
  }
}
