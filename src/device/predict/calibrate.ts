/**
 * Times random networks of some spaces until the time is over, and fits the predictor to them.
 *
 * A machine has slow phases of seconds (its clock, neighbours, the scheduler), during which any statistic over the runs
 * of one network is wrong by up to a half. So the networks are timed in several rounds, briefly, and each network's
 * fastest round counts: measured on two cores, that alone took the share of predictions within ±10 % from 70 to 95 %.
 */
import { fail } from '../../errors.ts';
import { encodeModel } from '../../onnx/encode.ts';
import { createRandom } from '../../random.ts';
import type { Sample } from './coefficients.ts';
import { fitLatency, type LatencyModel } from './fit.ts';
import { kernelsOf } from './kernels.ts';
import { drawModel, type RandomModels } from './random-models.ts';
import { localTimer, type Timer } from './time-briefly.ts';
import { workOf } from './work.ts';

export interface CalibrateOptions extends RandomModels {
  readonly threads: number;
  /** For the measurements; the fit afterwards takes some seconds. */
  readonly seconds: number;
  /** No more than so many networks; fewer when the time is over before. 1,000 by default. */
  readonly networks?: number;
  readonly seed: string | number;
  /** Share of networks whose latency lies in the interval; 0.9 by default. */
  readonly confidence?: number;
  /** Here by default. */
  readonly timer?: Timer;
  readonly signal?: AbortSignal;
  readonly onTimed?: (progress: {
    /** 1, 2, … */
    readonly round: number;
    readonly rounds: number;
    readonly networks: number;
    readonly secondsLeft: number;
  }) => void;
}

/** Fewer networks leave no interval. */
const FEWEST = 40;
const ROUNDS = 4;
const NETWORKS = 1000;

/** @throws USAGE when the time is too short for a fit; what the signal was aborted with */
export async function calibrateLatency(
  options: CalibrateOptions,
): Promise<{ readonly model: LatencyModel; readonly networks: number }> {
  const { threads, seconds, networks = NETWORKS, seed, confidence = 0.9, signal, onTimed } = options;
  const { timer = localTimer(threads) } = options;
  const random = createRandom(seed).split('latency calibration');
  const samples: Sample[] = [];
  const began = performance.now();
  const left = (): number => seconds - (performance.now() - began) / 1000;
  for (let round = 1; round <= ROUNDS; round++) {
    // The first round finds out how many networks there is time for.
    const count = round === 1 ? networks : samples.length;
    const until = round === 1 ? (seconds * (ROUNDS - 1)) / ROUNDS : 0;
    for (let i = 0; i < count && left() > until; i++) {
      signal?.throwIfAborted();
      const model = await drawModel(options, i, random.split(i));
      const ms = await timer(model, encodeModel(model));
      const before = samples[i];
      samples[i] = before
        ? { ...before, ms: Math.min(before.ms, ms) }
        : { work: workOf(kernelsOf(model)), ms };
      onTimed?.({ round, rounds: ROUNDS, networks: i + 1, secondsLeft: Math.max(0, left()) });
    }
  }
  if (samples.length < FEWEST)
    fail('USAGE', {
      what: `only ${samples.length} networks were timed, which is too few to fit a predictor (${FEWEST})`,
      hint: 'Give more --time.',
    });
  const order = random.split('order').shuffle(samples);
  return { model: fitLatency(order, confidence), networks: samples.length };
}
