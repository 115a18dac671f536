/** How a calibration times one network: briefly, since it comes back to each several times. */
import { timeRun } from '../engine.ts';
import { exampleFeeds } from '../example-feeds.ts';
import { localEngine } from '../local-engine.ts';
import { median, quantile } from '../median-interval.ts';
import type { BriefTiming } from './typical-latency.ts';

/** Times inferences of a model (ONNX bytes). */
export type Timer = (model: Uint8Array) => Promise<BriefTiming>;

const WARM_UP_RUNS = 3;
const MIN_RUNS = 10;
const MAX_RUNS = 200;
const MS = 30;

/** In this process. @throws MODEL_LOAD */
export async function timeHere(model: Uint8Array, threads: number): Promise<BriefTiming> {
  const session = await localEngine(threads).load(model);
  try {
    const { feeds } = exampleFeeds(session.inputs);
    for (let i = 0; i < WARM_UP_RUNS; i++) await session.run(feeds);
    const times: number[] = [];
    let spent = 0;
    while (times.length < MIN_RUNS || (times.length < MAX_RUNS && spent < MS)) {
      const time = await timeRun(session, feeds);
      times.push(time);
      spent += time;
    }
    times.sort((a, b) => a - b);
    return { lowerQuartileMs: quantile(times, 0.25), medianMs: median(times) };
  } finally {
    await session.release();
  }
}
