/** Latency of two models beside each other: runs alternate, so that both meet the machine in the same state. */
import { median, medianInterval } from '../device/median-interval.ts';
import type { Tensor } from '../onnx/model.ts';
import { createSession } from '../runtime/session.ts';

export interface LatencyComparison {
  /** Medians of one inference, milliseconds. */
  readonly firstMs: number;
  readonly secondMs: number;
  /** How many times as fast the second is: the median over rounds, and its 95 % interval. */
  readonly speedUp: number;
  readonly low: number;
  readonly high: number;
  readonly rounds: number;
  readonly threads: number;
}

const CONFIDENCE = 0.95;
/** Runs of each model in a round, so that a round outlasts the timer's noise. */
const ROUND_MS = 5;

/** @param models ONNX bytes; both take `feeds` @throws MODEL_LOAD; what the signal was aborted with */
export async function compareLatency(
  [first, second]: readonly [Uint8Array, Uint8Array],
  feeds: Readonly<Record<string, Tensor>>,
  options: { readonly threads?: number; readonly maxSeconds?: number; readonly signal?: AbortSignal } = {},
): Promise<LatencyComparison> {
  const { threads = 1, maxSeconds = 4, signal } = options;
  const a = await createSession(first, { threads });
  const b = await createSession(second, { threads });
  const time = async (session: typeof a, runs: number): Promise<number> => {
    const began = performance.now();
    for (let i = 0; i < runs; i++) await session.run(feeds);
    return (performance.now() - began) / runs;
  };
  try {
    await time(a, 3);
    await time(b, 3);
    const runsOf = async (session: typeof a): Promise<number> =>
      Math.min(100, Math.max(1, Math.ceil(ROUND_MS / Math.max(await time(session, 3), 1e-3))));
    const [runsA, runsB] = [await runsOf(a), await runsOf(b)];
    const times: [number, number][] = [];
    for (const end = performance.now() + maxSeconds * 1000; performance.now() < end || times.length < 6; ) {
      signal?.throwIfAborted();
      times.push([await time(a, runsA), await time(b, runsB)]);
    }
    const ratio = medianInterval(
      times.map(([x, y]) => x / y),
      CONFIDENCE,
    );
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
