/**
 * The measurement protocol on any engine: load, try out, then batches of runs with readings of a reference kernel between
 * them. It meets neither Node nor ONNX Runtime: here and in a browser it is this same file.
 */
import { EspalierError, fail } from '../errors.ts';
import type { Tensor } from '../onnx/model.ts';
import { blockSize, type Engine, type TimedSession, timeRun } from './engine.ts';
import { type ExampleFeeds, exampleFeeds } from './example-feeds.ts';
import { createReferenceKernel, type Steadiness, steadinessOf } from './reference-kernel.ts';
import { timeRuns } from './time-runs.ts';

export interface MeasureSessionOptions {
  /** Seconds for warm-up and measurement, without the reference kernel; 10 by default. */
  readonly maxSeconds?: number;
  /** Milliseconds: ends early when the interval lies entirely above this bound. */
  readonly maxMs?: number;
  /** Shapes of inputs, by name, for axes without a fixed size. */
  readonly shapes?: ReadonlyMap<string, readonly number[]>;
  /** Ends the measurement before the next run. */
  readonly signal?: AbortSignal;
  /** Called when the model is the next thing to be loaded. */
  readonly beforeLoading?: () => Promise<void>;
  /** Called between the first runs, which allocate, and those that are timed. */
  readonly beforeTiming?: () => Promise<void>;
}

/** Milliseconds of one run, and what they rest on. */
export interface SessionMeasurement {
  /** 5 % of the runs were faster. */
  readonly p5Ms: number;
  /** 25 % were. */
  readonly p25Ms: number;
  /** The median. */
  readonly p50Ms: number;
  /** 75 % were. */
  readonly p75Ms: number;
  /** 95 % were. */
  readonly p95Ms: number;
  /** Lower end of the 95 % interval of the median. */
  readonly lowMs: number;
  /** Upper end of it. */
  readonly highMs: number;
  /** True when time was out before the interval was within ±2 % of the median. */
  readonly wide: boolean;
  /** Timed runs. */
  readonly runs: number;
  /** Inferences timed at once, where the clock is too coarse for one; p95 is then that of their means. */
  readonly averagedOver: number;
  /** Shapes of what it was fed with, by name. */
  readonly inputs: Readonly<Record<string, readonly number[]>>;
  /** Axes without a size that were taken as 1. */
  readonly assumed: readonly string[];
  /** What the model gave for the noise that it was fed with. */
  readonly outputs: Readonly<Record<string, Tensor>>;
  /** Of the reference kernel, which was read between the runs. */
  readonly reference: Steadiness;
}

/** Readings of the reference kernel below which a trend cannot be told from a moment's disturbance. */
const MIN_READINGS = 12;
const TRY_OUTS = 3;

/**
 * Loads `model` (ONNX bytes) and measures it on noise. The measurement ends when the interval of the median is within
 * ±2 %, or when time is out.
 * @throws MODEL_LOAD; MODEL_INPUT when there is nothing to feed it with, or it does not run on that; what the signal was
 *   aborted with
 */
export async function measureSession(
  engine: Engine,
  model: Uint8Array,
  options: MeasureSessionOptions = {},
): Promise<SessionMeasurement> {
  const { maxSeconds = 10, maxMs, signal, beforeLoading, beforeTiming } = options;
  const kernel = await createReferenceKernel(engine);
  let session: TimedSession | null = null;
  try {
    await beforeLoading?.();
    const loaded = await engine.load(model);
    session = loaded;
    const example = exampleFeeds(loaded.inputs, options.shapes);
    const outputs = await tryOut(loaded, example);
    await beforeTiming?.();
    const block = await blockSize(loaded, example.feeds, engine.clockStepMs);
    const readings: number[] = [];
    // Blocks are timed as if they were runs, and what they say of time is divided afterwards.
    const timing = await timeRuns(() => timeRun(loaded, example.feeds, block), {
      maxSeconds,
      minBatches: MIN_READINGS,
      beforeBatch: async () => {
        readings.push(await kernel.read());
      },
      ...(maxMs !== undefined && { maxMs: maxMs * block }),
      ...(signal && { signal }),
    });
    return {
      p5Ms: timing.p5Ms / block,
      p25Ms: timing.p25Ms / block,
      p50Ms: timing.medianMs / block,
      p75Ms: timing.p75Ms / block,
      p95Ms: timing.p95Ms / block,
      lowMs: timing.lowMs / block,
      highMs: timing.highMs / block,
      wide: timing.wide,
      runs: timing.runs * block,
      averagedOver: block,
      inputs: Object.fromEntries(Object.entries(example.feeds).map(([name, { shape }]) => [name, shape])),
      assumed: example.assumed,
      outputs,
      reference: steadinessOf(readings),
    };
  } finally {
    await session?.release();
    await kernel.release();
  }
}

async function tryOut(
  session: TimedSession,
  { feeds, assumed }: ExampleFeeds,
): Promise<Readonly<Record<string, Tensor>>> {
  try {
    for (let i = 1; i < TRY_OUTS; i++) await session.run(feeds);
    return await session.run(feeds);
  } catch (cause) {
    if (cause instanceof EspalierError) throw cause;
    const shapes = Object.entries(feeds).map(([name, { shape }]) => `${name}=${shape.join('x')}`);
    return fail(
      'MODEL_INPUT',
      {
        reason: `it does not run on ${shapes.join(', ')}: ${cause instanceof Error ? cause.message : String(cause)}`,
        hint:
          assumed.length > 0
            ? `The model does not say the size of ${assumed.join(', ')}: give --shape <input>=1x3x224x224 with the sizes that it is used with.`
            : 'Check the model with `espalier inspect`, or give another --shape.',
      },
      cause,
    );
  }
}

/**
 * Changes of the reference kernel above these say that the machine changed: more than twice the ±2 % that the interval
 * promises, and single readings are short, so that they may scatter more than their median.
 */
const DRIFT = 0.05;
const SPREAD = 0.15;

const percent = (share: number): string => `${Number((100 * share).toPrecision(2))} %`;

/** Of half an interval as a share of its middle. */
const widthText = (share: number): string =>
  share > 1 ? 'it is wider than the figure itself' : `it is ±${percent(share)}`;

/** Sentences about what speaks against the figure, as far as it shows in the times themselves. */
export function timingDoubts({
  p50Ms,
  lowMs,
  highMs,
  wide,
  reference: { drift, spread },
}: Pick<SessionMeasurement, 'p50Ms' | 'lowMs' | 'highMs' | 'wide' | 'reference'>): string[] {
  return [
    ...(wide
      ? [`time was out before the interval was narrow: ${widthText((highMs - lowMs) / 2 / p50Ms)}`]
      : []),
    ...(Math.abs(drift) > DRIFT
      ? [
          `the machine became ${drift > 0 ? 'slower' : 'faster'} by ${percent(Math.abs(drift))} meanwhile (a fixed convolution beside it did)`,
        ]
      : []),
    ...(spread > SPREAD
      ? [`the machine is not steady: a fixed convolution beside it varied by ${percent(spread)}`]
      : []),
  ];
}
