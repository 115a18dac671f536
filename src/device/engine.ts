/** What a measurement needs of an engine: ONNX Runtime in this process, or onnxruntime-web in a browser. */
import type { Tensor } from '../onnx/model.ts';
import type { Session } from '../runtime/session.ts';
import { median } from './median-interval.ts';

type Feeds = Readonly<Record<string, Tensor>>;

/** A loaded model. */
export interface TimedSession extends Pick<Session, 'inputs' | 'release'> {
  run(feeds: Feeds): Promise<Readonly<Record<string, Tensor>>>;
}

export interface Engine {
  /** @throws MODEL_LOAD */
  load(model: Uint8Array): Promise<TimedSession>;
  /**
   * The least that the clock can tell apart, milliseconds; 0 where that is far below any inference. Browsers round their
   * clock (to 0.1 ms and more), so that short inferences must be timed several at once.
   */
  readonly clockStepMs: number;
}

/** Milliseconds of `count` inferences one after the other, from the first call to the last result. */
export async function timeRun(session: Pick<TimedSession, 'run'>, feeds: Feeds, count = 1): Promise<number> {
  const began = performance.now();
  for (let i = 0; i < count; i++) await session.run(feeds);
  return performance.now() - began;
}

/** A time shorter than so many steps of the clock would be rounded by more than the ±2 % that is asked for. */
const STEPS = 50;
const TRIES = 5;

/** How many inferences must be timed at once for the clock to tell their time well. */
export async function blockSize(
  session: Pick<TimedSession, 'run'>,
  feeds: Feeds,
  clockStepMs: number,
): Promise<number> {
  if (clockStepMs <= 0) return 1;
  const least = STEPS * clockStepMs;
  // A slow model must not be run more often than it needs.
  if ((await timeRun(session, feeds)) >= 2 * least) return 1;
  for (let count = 1; ; count *= 2) {
    const times: number[] = [];
    while (times.length < TRIES) times.push(await timeRun(session, feeds, count));
    const ms = median(times);
    if (ms >= least) return count;
    if (ms >= least / 4) return Math.ceil((count * least) / ms);
  }
}
