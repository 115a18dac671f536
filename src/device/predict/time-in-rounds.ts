/**
 * Times random networks in several rounds.
 *
 * A machine has slow phases of seconds (its clock, neighbours, the scheduler), during which any statistic over the runs
 * of one network is wrong by up to a half. So each network is timed briefly in every round, and what the networks before and
 * after it tell of the machine's speed is taken off (typical-latency.ts).
 */
import { freemem } from 'node:os';
import { type ErrorCode, EspalierError } from '../../errors.ts';
import { encodeModel } from '../../onnx/encode.ts';
import type { OnnxModel } from '../../onnx/model.ts';
import type { Random } from '../../random.ts';
import type { Sample } from './coefficients.ts';
import { kernelsOf } from './kernels.ts';
import type { Timer } from './time-briefly.ts';
import { type BriefTiming, typicalLatencies, type Visit } from './typical-latency.ts';
import { type Work, workOf } from './work.ts';

export interface RoundsProgress {
  /** 1, 2, … */
  readonly round: number;
  readonly rounds: number;
  /** Timed in this round. */
  readonly networks: number;
  /** How much of it all is done, 0..1. */
  readonly share: number;
  /** At the pace so far, and not more than the time that was given. */
  readonly secondsLeft: number;
}

export interface RoundsOptions {
  /** The network of that index, always the same one. */
  readonly draw: (index: number) => Promise<OnnxModel>;
  readonly timer: Timer;
  /** What is left of a round is left out when the time is over. */
  readonly seconds: number;
  /** Most networks; the first round says how many there are: as many as can be timed in all rounds. */
  readonly networks: number;
  /** How often each network is visited. */
  readonly rounds: number;
  /** No fewer, also where the later rounds then have little time or none; 0 by default. */
  readonly fewest?: number;
  /** For the order of the visits. */
  readonly random: Random;
  readonly signal?: AbortSignal;
  readonly onTimed?: (progress: RoundsProgress) => void;
}

/** Drawing a network again, and above all quantising it, can take longer than timing it. Boards have little memory. */
const mostKeptBytes = (): number => Math.min(3e9, freemem() / 4);

/** Troubles of a network, or that are over with it: it is skipped. */
const OF_THE_NETWORK: ReadonlySet<string> = new Set<ErrorCode>([
  'MODEL_LOAD',
  'MODEL_INPUT',
  'DEVICE_MODEL',
  'DEVICE_ANSWER',
  'NOT_QUANTISABLE',
]);
/** With nothing but refusals it is not the networks. */
const MOST_REFUSALS_AT_FIRST = 30;
/** A device whose answers are of no use time and again is of no use for the next network either. */
const MOST_USELESS_ANSWERS = 3;

export interface TimedNetwork extends Sample {
  readonly index: number;
  /** Of each round that it was timed in. */
  readonly rounds: readonly BriefTiming[];
}

export interface RefusedNetwork {
  readonly index: number;
  readonly reason: string;
}

export interface TimedNetworks {
  readonly samples: readonly TimedNetwork[];
  /** Networks that the runtime does not take, in the order in which that was seen. */
  readonly refused: readonly RefusedNetwork[];
  /** What a device that was lost on the way had thrown; null when all went well. */
  readonly lost: EspalierError | null;
}

interface Visited {
  readonly index: number;
  readonly work: Work;
  readonly visits: BriefTiming[];
}

/** From then on nothing more can be timed there. */
const OF_THE_DEVICE: ReadonlySet<string> = new Set<ErrorCode>([
  'DEVICE_UNREACHABLE',
  'DEVICE_ANSWER',
  'DEVICE_REFUSED',
]);

/**
 * A device that is lost after `fewest` networks were timed, where that is more than none, ends it early.
 * @throws what the signal was aborted with; what a device throws that is lost before; the first refusal when the runtime takes
 *   no network at all
 */
export async function timeInRounds(options: RoundsOptions): Promise<TimedNetworks> {
  const { draw, timer, seconds, networks, rounds, fewest = 0, random, signal, onTimed } = options;
  const samples = new Map<number, Visited>();
  const inOrder: Visit[] = [];
  const kept = new Map<number, Uint8Array>();
  const mostBytes = mostKeptBytes();
  let keptBytes = 0;
  const refused: RefusedNetwork[] = [];
  let useless = 0;
  let lost: EspalierError | null = null;
  const began = performance.now();
  const elapsed = (): number => (performance.now() - began) / 1000;
  const left = (): number => seconds - elapsed();
  /** What one more round of the networks so far takes: most need not be made again. */
  let secondsOfRound = 0;

  const first = async (index: number): Promise<void> => {
    const drawing = elapsed();
    const model = await draw(index);
    const encoded = encodeModel(model);
    const drawn = elapsed();
    const timing = await timer(encoded);
    const keeps = keptBytes + encoded.byteLength <= mostBytes;
    if (keeps) {
      kept.set(index, encoded);
      keptBytes += encoded.byteLength;
    }
    secondsOfRound += elapsed() - (keeps ? drawn : drawing);
    samples.set(index, { index, work: workOf(kernelsOf(model)), visits: [timing] });
    inOrder.push({ network: index, timing });
  };
  const again = async ({ index, visits }: Visited): Promise<void> => {
    const encoded = kept.get(index) ?? encodeModel(await draw(index));
    const timing = await timer(encoded);
    visits.push(timing);
    inOrder.push({ network: index, timing });
  };

  /** The first round makes room for the others; no round goes on when the time is over. */
  const goesOn = (round: number): boolean =>
    left() > (round === 1 && samples.size >= fewest ? (rounds - 1) * secondsOfRound : 0);
  const tell = (round: number, timed: number, count: number): void => {
    const share = Math.min(1, Math.max(elapsed() / seconds, (round - 1 + timed / count) / rounds));
    const secondsLeft = Math.max(0, Math.min(left(), (elapsed() * (1 - share)) / share));
    onTimed?.({ round, rounds, networks: timed, share, secondsLeft });
  };
  for (let round = 1; round <= rounds && lost === null; round++) {
    // With other neighbours each time: what is the machine's at that moment is not taken for the network's.
    const indices =
      round === 1
        ? Array.from({ length: networks }, (_, index) => index)
        : random.split(`round ${round}`).shuffle([...samples.keys()].sort((a, b) => a - b));
    for (const [timed, i] of indices.entries()) {
      if (!goesOn(round)) break;
      signal?.throwIfAborted();
      const before = samples.get(i);
      try {
        await (before === undefined ? first(i) : again(before));
        useless = 0;
      } catch (error) {
        // Ended by the signal, whatever that broke.
        signal?.throwIfAborted();
        if (!(error instanceof EspalierError)) throw error;
        useless = error.code === 'DEVICE_ANSWER' ? useless + 1 : 0;
        if (!OF_THE_NETWORK.has(error.code) || useless >= MOST_USELESS_ANSWERS) {
          if (!OF_THE_DEVICE.has(error.code)) throw error;
          if (fewest === 0 || samples.size < fewest) throw tooEarly(error, samples.size, fewest);
          lost = error;
          break;
        }
        // What it was timed with before counts.
        if (useless > 0 && before !== undefined) continue;
        samples.delete(i);
        refused.push({ index: i, reason: error.message });
        if (samples.size === 0 && refused.length >= Math.min(networks, MOST_REFUSALS_AT_FIRST)) throw error;
      }
      tell(round, timed + 1, indices.length);
    }
  }
  const latencies = typicalLatencies(inOrder);
  return {
    samples: [...samples.values()]
      .sort((a, b) => a.index - b.index)
      .map(({ index, work, visits }) => ({ index, work, ms: latencies.get(index)!, rounds: visits })),
    refused,
    lost,
  };
}

/** The device's own error, and that what was timed is of no use. */
function tooEarly(error: EspalierError, networks: number, fewest: number): EspalierError {
  if (fewest === 0) return error;
  const reason = `${error.details.reason}; ${networks} networks were timed by then, fewer than the ${fewest} that are needed`;
  return new EspalierError(error.code, { ...error.details, reason }, error);
}
