/**
 * A fixed piece of work, timed again and again between the runs of a model: it always costs the same, so what changes in
 * its times is the machine (clock speed, heat, other processes) and not the model.
 */
import { encodeModel } from '../onnx/encode.ts';
import { createGraphBuilder, float32, ints } from '../onnx/graph-builder.ts';
import { createRandom } from '../random.ts';
import { blockSize, type Engine, timeRun } from './engine.ts';
import { median, quantile } from './median-interval.ts';

/** 2.4 million multiply-accumulates on 64 KiB: long against the timer, short against a batch, kind to the caches. */
const CHANNELS = 16;
const SIDE = 32;
/** One reading is the median of so many runs; with a coarse clock of so many blocks of runs at least. */
const RUNS = 25;
const MIN_BLOCKS = 3;

export interface ReferenceKernel {
  /** One reading, milliseconds. */
  read(): Promise<number>;
  release(): Promise<void>;
}

/** A 3×3 convolution of 16 channels at 32×32. */
export async function createReferenceKernel(engine: Engine): Promise<ReferenceKernel> {
  const random = createRandom('reference kernel');
  const noise = (shape: readonly number[]) =>
    float32(Array.from({ length: shape.reduce((a, b) => a * b, 1) }, random.normal), shape);
  const shape = [1, CHANNELS, SIDE, SIDE];
  const g = createGraphBuilder({ name: 'reference' });
  const input = g.input('input', 'float32', shape);
  const weight = g.initializer('weight', noise([CHANNELS, CHANNELS, 3, 3]));
  g.output(g.op('Conv', [input, weight], { kernel_shape: ints([3, 3]), pads: ints([1, 1, 1, 1]) }));
  const session = await engine.load(encodeModel(g.build()));
  const feeds = { input: noise(shape) };
  const block = await blockSize(session, feeds, engine.clockStepMs);
  const blocks = Math.max(MIN_BLOCKS, Math.ceil(RUNS / block));
  const read = async (): Promise<number> => {
    const times: number[] = [];
    while (times.length < blocks) times.push((await timeRun(session, feeds, block)) / block);
    return median(times);
  };
  // The first reading is of cold code and caches.
  await read();
  return { read, release: () => session.release() };
}

/** Long enough for the clock to come up from rest, and for one slow moment not to hide what the machine can do. */
const BEST_WITHIN_MS = 350;
const FEWEST_READINGS = 8;

/**
 * What a reading takes on this machine at its best, milliseconds: the least of those of a third of a second. Without pauses,
 * as models are timed: after pauses of 40 ms the same kernel took 1.6 times as long.
 */
export async function fastestReading(engine: Engine): Promise<number> {
  const kernel = await createReferenceKernel(engine);
  try {
    const began = performance.now();
    let least = Number.POSITIVE_INFINITY;
    for (let i = 0; i < FEWEST_READINGS || performance.now() - began < BEST_WITHIN_MS; i++)
      least = Math.min(least, await kernel.read());
    return least;
  } finally {
    await kernel.release();
  }
}

/** How steady the machine was, as readings of the reference kernel tell. */
export interface Steadiness {
  /** Median of the readings, milliseconds. */
  readonly medianMs: number;
  /** By how much the later half of the readings is slower (above 0) or faster than the earlier half: 0.1 is 10 %. */
  readonly drift: number;
  /** What lies between the tenth and the ninetieth percentile of the readings, as a share of the median. */
  readonly spread: number;
}

/** @param readings in the order of time; one at least */
export function steadinessOf(readings: readonly number[]): Steadiness {
  const half = Math.ceil(readings.length / 2);
  const ascending = [...readings].sort((a, b) => a - b);
  const medianMs = median(readings);
  return {
    medianMs,
    drift: median(readings.slice(-half)) / median(readings.slice(0, half)) - 1,
    spread: (quantile(ascending, 0.9) - quantile(ascending, 0.1)) / medianMs,
  };
}
