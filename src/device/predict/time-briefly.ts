/** How a calibration times one network: briefly, since it comes back to each several times. */
import { timeRun } from '../engine.ts';
import { exampleFeeds } from '../example-feeds.ts';
import { localEngine } from '../local-engine.ts';
import { median } from '../median-interval.ts';

/** Milliseconds of one inference of a model (ONNX bytes). */
export type Timer = (model: Uint8Array) => Promise<number>;

const WARM_UP_RUNS = 5;
const MIN_RUNS = 20;
const MAX_RUNS = 200;
const MS = 60;

/** In this process. @throws MODEL_LOAD */
export const localTimer =
  (threads: number): Timer =>
  async (model) => {
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
      return median(times);
    } finally {
      await session.release();
    }
  };
