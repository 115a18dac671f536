/** The latency of any ONNX model with a verdict whether the figure can be relied on. */
import { EspalierError, fail } from '../errors.ts';
import { createSession, type Session } from '../runtime/session.ts';
import { type ExampleFeeds, exampleFeeds } from './example-feeds.ts';
import { describeMachine, type Machine } from './machine.ts';
import { timeRun, timeRuns } from './measure-latency.ts';
import { watchPeakMemory } from './peak-memory.ts';
import { createReferenceKernel, type Steadiness, steadinessOf } from './reference-kernel.ts';

export interface MeasureModelOptions {
  /** Threads of one operator; 1 by default. */
  readonly threads?: number;
  /** Time for warm-up and measurement, without the reference kernel; 10 by default. */
  readonly maxSeconds?: number;
  /** Shapes of inputs, by name, for axes without a fixed size. */
  readonly shapes?: ReadonlyMap<string, readonly number[]>;
  readonly signal?: AbortSignal;
}

export interface ModelMeasurement {
  readonly p50Ms: number;
  readonly p95Ms: number;
  /** 95 % interval of the median. */
  readonly lowMs: number;
  readonly highMs: number;
  readonly runs: number;
  readonly threads: number;
  readonly provider: 'cpu';
  readonly modelBytes: number;
  /** Resident memory, bytes: the process's peak while it loaded the model and ran it, and what of that is new. */
  readonly memory: { readonly peakBytes: number; readonly addedBytes: number };
  readonly inputs: Readonly<Record<string, readonly number[]>>;
  /** Axes without a size that were taken as 1. */
  readonly assumed: readonly string[];
  readonly reference: Steadiness;
  /** How often in a second another thread took the processor away; 0 where the system does not count it. */
  readonly preemptionsPerSecond: number;
  readonly machine: Machine;
  readonly trusted: boolean;
  /** Why not; empty when it can be trusted. */
  readonly doubts: readonly string[];
}

/** Readings of the reference kernel below which a trend cannot be told from a moment's disturbance. */
const MIN_READINGS = 12;
const MEMORY_RUNS = 3;

/**
 * Loads `model` (ONNX bytes) and measures it on noise. The measurement ends when the interval of the median is within
 * ±2 %, or when time is out. Between its batches a reference kernel is timed, by whose changes the machine's own are
 * seen.
 * @throws MODEL_LOAD; MODEL_INPUT when there is nothing to feed it with, or it does not run on that; what the signal was
 *   aborted with
 */
export async function measureModel(
  model: Uint8Array,
  options: MeasureModelOptions = {},
): Promise<ModelMeasurement> {
  const { threads = 1, maxSeconds = 10, signal } = options;
  const kernel = await createReferenceKernel(threads);
  const memory = await watchPeakMemory();
  let session: Session | null = null;
  try {
    const loaded = await createSession(model, { threads });
    session = loaded;
    const example = exampleFeeds(loaded.inputs, options.shapes);
    await tryOut(loaded, example);
    const peakBytes = await memory.peak();

    const readings: number[] = [];
    const usedBefore = process.resourceUsage();
    const began = performance.now();
    const timing = await timeRuns(() => timeRun(loaded, example.feeds), {
      maxSeconds,
      minBatches: MIN_READINGS,
      beforeBatch: async () => {
        readings.push(await kernel.read());
      },
      ...(signal && { signal }),
    });
    const seconds = (performance.now() - began) / 1000;
    const preempted =
      process.resourceUsage().involuntaryContextSwitches - usedBefore.involuntaryContextSwitches;
    const measured = {
      p50Ms: timing.medianMs,
      p95Ms: timing.p95Ms,
      lowMs: timing.lowMs,
      highMs: timing.highMs,
      runs: timing.runs,
      threads,
      reference: steadinessOf(readings),
      preemptionsPerSecond: preempted / seconds,
      machine: describeMachine(),
    };
    const doubts = doubtsOf(measured, timing.wide);
    return {
      ...measured,
      provider: 'cpu',
      modelBytes: model.byteLength,
      memory: { peakBytes, addedBytes: Math.max(0, peakBytes - memory.before) },
      inputs: Object.fromEntries(Object.entries(example.feeds).map(([name, { shape }]) => [name, shape])),
      assumed: example.assumed,
      trusted: doubts.length === 0,
      doubts,
    };
  } finally {
    await session?.release();
    await kernel.release();
  }
}

async function tryOut(session: Session, { feeds, assumed }: ExampleFeeds): Promise<void> {
  try {
    for (let i = 0; i < MEMORY_RUNS; i++) await session.run(feeds);
  } catch (cause) {
    if (cause instanceof EspalierError) throw cause;
    const shapes = Object.entries(feeds).map(([name, { shape }]) => `${name}=${shape.join('x')}`);
    fail(
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
/** With more busy processes than cores it is hundreds; a few are the process's own threads and the system's. */
const PREEMPTIONS = 50;

type Evidence = Pick<
  ModelMeasurement,
  'p50Ms' | 'lowMs' | 'highMs' | 'threads' | 'reference' | 'preemptionsPerSecond' | 'machine'
>;

/** Sentences about what speaks against the figure. @param wide whether the interval is wider than ±2 % */
export function doubtsOf(evidence: Evidence, wide: boolean): string[] {
  const { p50Ms, lowMs, highMs, threads, reference, preemptionsPerSecond, machine } = evidence;
  const percent = (share: number): string => `${Number((100 * share).toPrecision(2))} %`;
  const { drift, spread } = reference;
  return [
    ...(wide
      ? [`time was out before the interval was narrow: it is ±${percent((highMs - lowMs) / 2 / p50Ms)}`]
      : []),
    ...(Math.abs(drift) > DRIFT
      ? [
          `the machine became ${drift > 0 ? 'slower' : 'faster'} by ${percent(Math.abs(drift))} meanwhile (a fixed convolution beside it did)`,
        ]
      : []),
    ...(spread > SPREAD
      ? [`the machine is not steady: a fixed convolution beside it varied by ${percent(spread)}`]
      : []),
    ...(preemptionsPerSecond > PREEMPTIONS
      ? [`other work took the processor away ${Math.round(preemptionsPerSecond)} times a second`]
      : []),
    ...(threads > machine.usableCores
      ? [`${threads} threads on ${machine.usableCores} usable core${machine.usableCores === 1 ? '' : 's'}`]
      : []),
  ];
}
