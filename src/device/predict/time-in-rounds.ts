/**
 * Times random networks in several rounds.
 *
 * A machine has slow phases of seconds (its clock, neighbours, the scheduler), during which any statistic over the runs
 * of one network is wrong by up to a half. So each network is timed briefly in every round, and its fastest round
 * counts: measured on two cores, that alone took the share of predictions within ±10 % from 70 to 95 %.
 */
import { type ErrorCode, EspalierError } from '../../errors.ts';
import { encodeModel } from '../../onnx/encode.ts';
import type { Random } from '../../random.ts';
import type { Sample } from './coefficients.ts';
import { kernelsOf } from './kernels.ts';
import { drawModel, type RandomModels } from './random-models.ts';
import type { Timer } from './time-briefly.ts';
import { workOf } from './work.ts';

export interface RoundsProgress {
  /** 1, 2, … */
  readonly round: number;
  readonly rounds: number;
  /** Timed in this round. */
  readonly networks: number;
  readonly secondsLeft: number;
}

export interface RoundsOptions {
  readonly models: RandomModels;
  readonly timer: Timer;
  /** What is left of a round is left out when the time is over. */
  readonly seconds: number;
  /** Most networks; the first round has a share of the time and says how many there are. */
  readonly networks: number;
  /** Network i is drawn from the stream named i. */
  readonly random: Random;
  readonly signal?: AbortSignal;
  readonly onTimed?: (progress: RoundsProgress) => void;
}

const ROUNDS = 4;
/** Drawing a network again, and above all quantising it, takes longer than timing it. */
const MOST_KEPT_BYTES = 400e6;

/** Troubles of a network and not of the device: it is skipped. */
const OF_THE_NETWORK: ReadonlySet<string> = new Set<ErrorCode>([
  'MODEL_LOAD',
  'MODEL_INPUT',
  'DEVICE_MODEL',
  'NOT_QUANTISABLE',
]);
/** With nothing but refusals it is not the networks. */
const MOST_REFUSALS_AT_FIRST = 30;

export interface TimedNetwork extends Sample {
  /** The network's index, which says its space and its stream. */
  readonly index: number;
  /** Milliseconds in each round that it was timed in. */
  readonly rounds: readonly number[];
}

export interface TimedNetworks {
  readonly samples: readonly TimedNetwork[];
  /** Networks that the runtime does not take, and why the first one. */
  readonly refused: { readonly networks: number; readonly reason: string | null };
}

/** @throws what the signal was aborted with; what a device throws; the first refusal when the runtime takes no network at all */
export async function timeInRounds(options: RoundsOptions): Promise<TimedNetworks> {
  const { models, timer, seconds, networks, random, signal, onTimed } = options;
  const samples = new Map<number, TimedNetwork>();
  const kept = new Map<number, Uint8Array>();
  let keptBytes = 0;
  let refusals = 0;
  let reason: string | null = null;
  const began = performance.now();
  const left = (): number => seconds - (performance.now() - began) / 1000;

  const first = async (index: number): Promise<void> => {
    const model = await drawModel(models, index, random.split(index));
    const encoded = encodeModel(model);
    const ms = await timer(encoded);
    if (keptBytes + encoded.byteLength <= MOST_KEPT_BYTES) {
      kept.set(index, encoded);
      keptBytes += encoded.byteLength;
    }
    samples.set(index, { index, work: workOf(kernelsOf(model)), ms, rounds: [ms] });
  };
  const again = async (before: TimedNetwork): Promise<void> => {
    const { index, rounds } = before;
    const encoded = kept.get(index) ?? encodeModel(await drawModel(models, index, random.split(index)));
    const ms = await timer(encoded);
    samples.set(index, { ...before, ms: Math.min(before.ms, ms), rounds: [...rounds, ms] });
  };

  for (let round = 1; round <= ROUNDS; round++) {
    const count = round === 1 ? networks : Math.max(-1, ...samples.keys()) + 1;
    const until = round === 1 ? (seconds * (ROUNDS - 1)) / ROUNDS : 0;
    for (let i = 0; i < count && left() > until; i++) {
      signal?.throwIfAborted();
      const before = samples.get(i);
      // It was refused.
      if (round > 1 && before === undefined) continue;
      try {
        await (before === undefined ? first(i) : again(before));
      } catch (error) {
        if (!(error instanceof EspalierError && OF_THE_NETWORK.has(error.code))) throw error;
        reason ??= error.message;
        samples.delete(i);
        refusals++;
        if (samples.size === 0 && refusals >= Math.min(networks, MOST_REFUSALS_AT_FIRST)) throw error;
      }
      onTimed?.({ round, rounds: ROUNDS, networks: i + 1, secondsLeft: Math.max(0, left()) });
    }
  }
  return {
    samples: [...samples.values()].sort((a, b) => a.index - b.index),
    refused: { networks: refusals, reason },
  };
}
