/** How a calibration times one network: briefly, since it comes back to each several times. */
import type { OnnxModel } from '../../onnx/model.ts';
import { timeRun } from '../engine.ts';
import { exampleFeeds } from '../example-feeds.ts';
import { localEngine } from '../local-engine.ts';
import { median } from '../median-interval.ts';

/** Milliseconds of one inference. */
export type Timer = (model: OnnxModel, encoded: Uint8Array) => Promise<number>;

const WARM_UP_RUNS = 5;
const MIN_RUNS = 20;
const MAX_RUNS = 200;
const MS = 60;

/** In this process. @throws MODEL_LOAD */
export const localTimer =
  (threads: number): Timer =>
  async ({ graph }, encoded) => {
    const { feeds } = exampleFeeds(
      graph.inputs.map(({ name, dtype, shape }) => ({ name, type: dtype, shape })),
    );
    const session = await localEngine(threads).load(encoded);
    try {
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
