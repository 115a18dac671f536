/** How true a calibration is: networks that it has never seen, predicted and then timed. */

import { fail } from '../../errors.ts';
import { deployedGraph } from '../../network/deployed-graph.ts';
import { createRandom, type Random } from '../../random.ts';
import { median, quantile } from '../median-interval.ts';
import { type LatencyCalibration, PRECISIONS, type Precision } from './calibration-file.ts';
import { predictLatency } from './fit.ts';
import { floatKernels } from './kernels.ts';
import { type Slowness, slownessOf, speedInWords } from './landmarks.ts';
import { drawNetwork, type RandomModels, spaceAt } from './random-models.ts';
import {
  type CandidateModel,
  type CandidateOptions,
  type TimedCandidates,
  timeCandidates,
} from './time-candidates.ts';
import type { TimedNetwork } from './time-in-rounds.ts';
import { workOf } from './work.ts';

/** How predictions of some networks compare with what was measured. */
export interface Agreement {
  readonly networks: number;
  /** Share predicted within ±10 % of what was measured. */
  readonly withinTenPercent: number;
  /** Of predicted and measured latencies (Spearman 1904); null of fewer than two. */
  readonly rankCorrelation: number | null;
  /** Share of measured latencies in the interval. */
  readonly coverage: number;
  /** Mean of predicted over measured, − 1: a machine that is slower or faster than the calibrated one shows here. */
  readonly bias: number;
  /**
   * Share within ±10 % of predictions for the speed that the machine has today: what is wrong with the calibration itself. Null
   * when that speed is not known.
   */
  readonly withinAtSpeed: number | null;
}

export interface CalibrationCheck extends Agreement {
  /** Of the machine beside what the calibration says; null when the file tells of too few networks that can be timed again. */
  readonly slowness: Slowness | null;
  /** The share that the interval states. */
  readonly confidence: number;
  /** By space, where there are several. */
  readonly spaces: Readonly<Record<string, Agreement>>;
  /** Networks that the runtime did not take. */
  readonly refused: number;
  /** Milliseconds for one prediction, the whole way from a network to its latency. */
  readonly predictMs: { readonly p50: number; readonly p95: number };
  /** Of {@link TARGETS}, in words; empty when all are met. */
  readonly missed: readonly string[];
}

/**
 * More than of a calibration, which learns from all networks: here each one counts by itself. And 200 networks then take as long as
 * a calibration of nine minutes for two precisions: of a machine's slow phases, which last minutes, a short session meets one or
 * none, a long one tells the calm ones.
 */
const ROUNDS = 20;

/** The first ones take longer: the machine code of this program is still being made. */
const FEWEST_PREDICTIONS = 100;

/** What a calibration is made for. */
const TARGETS = { withinTenPercent: 0.95, rankCorrelation: 0.97, predictMs: 1 } as const;
/**
 * Fewer networks in the interval than it states are chance up to so many standard deviations of the count (a one-sided
 * test at 2.5 %).
 */
const DEVIATIONS = 1.96;

export interface CheckOptions extends Omit<CandidateOptions, 'random' | 'rounds'> {
  /** Which networks are drawn. */
  readonly seed: string | number;
}

/** @throws USAGE; what the signal was aborted with */
export async function checkCalibration(
  { models }: Pick<LatencyCalibration, 'models'>,
  options: CheckOptions,
): Promise<Partial<Record<Precision, CalibrationCheck>>> {
  const random = createRandom(options.seed).split('latency check');
  const timed = await timeCandidates(models, { ...options, rounds: ROUNDS, random });
  return Object.fromEntries(
    PRECISIONS.flatMap((precision) => {
      const [model, way, found] = [models[precision], options.ways[precision], timed[precision]];
      return model && way && found ? [[precision, checkOf(model, way, found, random)]] : [];
    }),
  );
}

function checkOf(
  model: CandidateModel,
  way: RandomModels,
  { landmarks, samples, refused }: TimedCandidates,
  random: Random,
): CalibrationCheck {
  const slowness = slownessOf(model, landmarks);
  if (samples.length === 0)
    fail('USAGE', {
      what: 'no network was timed, so that there is nothing to compare',
      hint: `The runtime refused ${refused.length} networks, the first because: ${refused[0]?.reason}. Give more --networks.`,
    });
  const pairs = samples.map((sample) => ({ sample, predicted: predictLatency(model, sample.work) }));
  const whole = agreement(pairs, slowness);
  const names = [...new Set(samples.map(({ index }) => spaceAt(way, index).name))];
  const spaces = Object.fromEntries(
    names.map((name) => [
      name,
      agreement(
        pairs.filter(({ sample }) => spaceAt(way, sample.index).name === name),
        slowness,
      ),
    ]),
  );
  const predictMs = timePredictions(model, way, samples, random);
  return {
    ...whole,
    slowness,
    confidence: model.confidence,
    spaces,
    refused: refused.length,
    predictMs,
    missed: missedBy(whole, slowness, model.confidence, predictMs.p50),
  };
}

type Pair = {
  readonly sample: TimedNetwork;
  readonly predicted: ReturnType<typeof predictLatency>;
};

function agreement(pairs: readonly Pair[], slowness: Slowness | null): Agreement {
  const share = (holds: (pair: Pair) => boolean): number => pairs.filter(holds).length / pairs.length;
  const ratio = ({ sample, predicted }: Pair): number => predicted.ms / sample.ms;
  const bias = pairs.reduce((sum, pair) => sum + ratio(pair) - 1, 0) / pairs.length;
  return {
    networks: pairs.length,
    withinTenPercent: share((pair) => Math.abs(ratio(pair) - 1) <= 0.1),
    rankCorrelation: rankCorrelation(
      pairs.map(({ predicted }) => predicted.ms),
      pairs.map(({ sample }) => sample.ms),
    ),
    coverage: share(({ sample, predicted: { lowMs, highMs } }) => lowMs <= sample.ms && sample.ms <= highMs),
    bias,
    withinAtSpeed: slowness && share((pair) => Math.abs(ratio(pair) * slowness.factor - 1) <= 0.1),
  };
}

/** From the network itself, as a search asks: its deployed form, the kernels in it, their work, the sum. */
function timePredictions(
  model: CandidateModel,
  models: RandomModels,
  samples: readonly TimedNetwork[],
  random: Random,
): CalibrationCheck['predictMs'] {
  const { kernels = floatKernels } = models;
  const times = Array.from({ length: Math.max(samples.length, FEWEST_PREDICTIONS) }, (_, i) => {
    const { index } = samples[i % samples.length]!;
    const network = drawNetwork(models, index, random.split(index));
    const began = performance.now();
    predictLatency(model, workOf(kernels(deployedGraph(network))));
    return performance.now() - began;
  });
  return {
    p50: median(times),
    p95: quantile(
      [...times].sort((a, b) => a - b),
      0.95,
    ),
  };
}

function missedBy(
  found: Agreement,
  slowness: Slowness | null,
  confidence: number,
  predictMs: number,
): string[] {
  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
  const chance = DEVIATIONS * Math.sqrt((confidence * (1 - confidence)) / found.networks);
  return [
    ...(found.withinTenPercent < TARGETS.withinTenPercent
      ? [
          `${percent(found.withinTenPercent)} of the networks are within ±10 %, not ${percent(TARGETS.withinTenPercent)}${
            slowness === null ||
            found.withinAtSpeed === null ||
            found.withinAtSpeed < TARGETS.withinTenPercent
              ? ''
              : `; at today's speed, ${percent(found.withinAtSpeed)}: the machine is ${speedInWords(slowness)}, and \`device adjust\` makes the file predict for that`
          }`,
        ]
      : []),
    ...(found.rankCorrelation !== null && found.rankCorrelation < TARGETS.rankCorrelation
      ? [`the rank correlation is ${found.rankCorrelation.toFixed(3)}, not ${TARGETS.rankCorrelation}`]
      : []),
    ...(found.coverage < confidence - chance
      ? [`${percent(found.coverage)} lie in the interval that states ${percent(confidence)}`]
      : []),
    ...(predictMs > TARGETS.predictMs
      ? [`a prediction takes ${predictMs.toFixed(2)} ms, not ${TARGETS.predictMs} ms`]
      : []),
  ];
}

/** Times are real numbers: ties do not matter. */
function rankCorrelation(a: readonly number[], b: readonly number[]): number | null {
  if (a.length < 2) return null;
  const ranks = (values: readonly number[]): number[] => {
    const rank = new Array<number>(values.length);
    for (const [r, i] of values
      .map((_, index) => index)
      .sort((x, y) => values[x]! - values[y]!)
      .entries())
      rank[i] = r;
    return rank;
  };
  const [ra, rb] = [ranks(a), ranks(b)];
  const n = a.length;
  const squared = ra.reduce((sum, r, i) => sum + (r - rb[i]!) ** 2, 0);
  return 1 - (6 * squared) / (n * (n * n - 1));
}
