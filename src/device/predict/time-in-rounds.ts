/**
 * Times random networks in several rounds.
 *
 * A machine has slow phases of seconds (its clock, neighbours, the scheduler), during which any statistic over the runs
 * of one network is wrong by up to a half. So each network is timed briefly in every round, and its fastest round
 * counts: measured on two cores, that alone took the share of predictions within ±10 % from 70 to 95 %.
 */
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

/** @throws what the signal was aborted with */
export async function timeInRounds(options: RoundsOptions): Promise<Sample[]> {
  const { models, timer, seconds, networks, random, signal, onTimed } = options;
  const samples: Sample[] = [];
  const kept = new Map<number, Uint8Array>();
  let keptBytes = 0;
  const began = performance.now();
  const left = (): number => seconds - (performance.now() - began) / 1000;
  for (let round = 1; round <= ROUNDS; round++) {
    const count = round === 1 ? networks : samples.length;
    const until = round === 1 ? (seconds * (ROUNDS - 1)) / ROUNDS : 0;
    for (let i = 0; i < count && left() > until; i++) {
      signal?.throwIfAborted();
      const before = samples[i];
      if (before) {
        const encoded = kept.get(i) ?? encodeModel(await drawModel(models, i, random.split(i)));
        samples[i] = { ...before, ms: Math.min(before.ms, await timer(encoded)) };
      } else {
        const model = await drawModel(models, i, random.split(i));
        const encoded = encodeModel(model);
        if (keptBytes + encoded.byteLength <= MOST_KEPT_BYTES) {
          kept.set(i, encoded);
          keptBytes += encoded.byteLength;
        }
        samples[i] = { work: workOf(kernelsOf(model)), ms: await timer(encoded) };
      }
      onTimed?.({ round, rounds: ROUNDS, networks: i + 1, secondsLeft: Math.max(0, left()) });
    }
  }
  return samples;
}
