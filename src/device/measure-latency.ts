/**
 * Latency of a model on this machine as a search needs it: soon, and comparable with what is measured later in the run.
 *
 * A machine is slow at times: other work, its clock, a neighbour on the same processor. Within a measurement that shows as
 * drift or unrest of the reference kernel (measure-session.ts); when it lasts longer, only as a reference kernel that takes
 * longer than it does at its best. So a measurement that is in doubt is made again, and the round in which the reference
 * was fastest counts. What is still in doubt then says so.
 */
import type { Tensor } from '../onnx/model.ts';
import { latencyProcess } from './latency-process.ts';
import type { MeasureModelOptions, ModelMeasurement, measureModel } from './measure-model.ts';
import type { Timing } from './time-runs.ts';

/** How a model is measured. */
export interface LatencyOptions extends Pick<MeasureModelOptions, 'threads' | 'maxMs' | 'signal'> {
  /**
   * Seconds for the warm-up and the timed runs of a round, without the reference kernel; 3 by default. It takes 0.6
   * where the machine is quiet.
   */
  readonly maxSeconds?: number;
  /**
   * What the reference kernel takes on this machine at its best, milliseconds; not known by default: the machine is
   * then taken to be at its best.
   */
  readonly referenceMs?: number;
  /** Called for each round with whether one before was in doubt: whoever can quieten the machine does so then. */
  readonly within?: <T>(round: () => Promise<T>, again: boolean) => Promise<T>;
}

/**
 * Latency of one inference in milliseconds, and whether it can be trusted. `lowMs` allows for what the reference
 * kernel was slower than at its best.
 */
export interface Latency extends Timing {
  /** Of one operator. */
  readonly threads: number;
  /** ONNX Runtime's execution provider. */
  readonly provider: 'cpu';
  /** The processor's name. */
  readonly machine: string;
  /** How much slower the reference kernel was than at its best, or by how much it changed meanwhile; a share from 0. */
  readonly drift: number;
  /** Whether nothing speaks against the figure. */
  readonly trusted: boolean;
  /** Why not; empty when it can be trusted. */
  readonly doubts: readonly string[];
}

const ROUNDS = 3;
/** No further round after so much: a trial has better things to do. */
const AGAIN_WITHIN_MS = 1_500;
/** A machine this much slower than at its best is not the one that the figure is for. */
const SLOWER = 0.05;

interface Round {
  readonly found: ModelMeasurement;
  /** By how much the reference kernel was slower than at its best. */
  readonly slower: number;
  readonly doubts: readonly string[];
}

/**
 * Measures `model` (ONNX bytes) on noise, in a process that does nothing else: warm-up, then batches of runs of about
 * 40 ms with readings of a reference kernel between them, until the 95 % interval of the median (of order statistics,
 * over batches and runs) is within ±2 %, or time is out. A round that is in doubt is made again, three at most, and the
 * one in which the reference was fastest counts.
 * @param feeds by input name; their shapes are those of the noise
 * @throws MODEL_LOAD when ONNX Runtime refuses the model; MODEL_INPUT when it cannot be fed or does not run; what the
 *   signal was aborted with
 */
export async function measureLatency(
  model: Uint8Array,
  feeds: Readonly<Record<string, Pick<Tensor, 'shape'>>>,
  options: LatencyOptions = {},
): Promise<Latency> {
  const { measure, close } = latencyProcess();
  try {
    return await latencyBy(measure, model, feeds, options);
  } finally {
    await close();
  }
}

/** As {@link measureLatency}, by something that measures a model. @throws what that does */
export function latencyBy(
  measure: typeof measureModel,
  model: Uint8Array,
  feeds: Readonly<Record<string, Pick<Tensor, 'shape'>>>,
  { maxSeconds = 3, referenceMs, within = (round) => round(), ...rest }: LatencyOptions,
): Promise<Latency> {
  const shapes = new Map(Object.entries(feeds).map(([name, { shape }]) => [name, shape]));
  return steadiest(
    (again) => within(() => measure(model, { ...rest, maxSeconds, shapes }), again),
    referenceMs,
  );
}

/** The round in which the reference kernel was fastest, of as many as it takes for one without doubts. */
export async function steadiest(
  measure: (again: boolean) => Promise<ModelMeasurement>,
  referenceMs?: number,
): Promise<Latency> {
  const began = performance.now();
  let best: Round | null = null;
  for (let i = 0; i < ROUNDS; i++) {
    const round = judge(await measure(i > 0), referenceMs);
    if (best === null || round.found.reference.medianMs < best.found.reference.medianMs) best = round;
    // A model that is slow itself has a wide interval in every round.
    const ofTheMachine = round.doubts.length - (round.found.wide ? 1 : 0);
    if (ofTheMachine === 0 || performance.now() - began > AGAIN_WITHIN_MS) break;
  }
  return latencyOf(best!);
}

function judge(found: ModelMeasurement, referenceMs: number | undefined): Round {
  const slower = referenceMs === undefined ? 0 : Math.max(0, found.reference.medianMs / referenceMs - 1);
  const doubts = [
    ...found.doubts,
    ...(slower > SLOWER
      ? [
          `the machine was ${Math.round(100 * slower)} % slower than at its best (a fixed convolution beside it was)`,
        ]
      : []),
  ];
  return { found, slower, doubts };
}

function latencyOf({ found, slower, doubts }: Round): Latency {
  const {
    p5Ms,
    p25Ms,
    p50Ms,
    p75Ms,
    p95Ms,
    lowMs,
    highMs,
    runs,
    wide,
    threads,
    provider,
    machine,
    reference,
  } = found;
  return {
    medianMs: p50Ms,
    lowMs: lowMs / (1 + slower),
    highMs,
    p5Ms,
    p25Ms,
    p75Ms,
    p95Ms,
    runs,
    wide,
    threads,
    provider,
    machine: machine.processor,
    drift: Math.max(slower, Math.abs(reference.drift)),
    trusted: doubts.length === 0,
    doubts,
  };
}
