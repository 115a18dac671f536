/** How true a calibration is: networks that it has never seen, predicted and then timed. */
import { createRandom } from '../../random.ts';
import type { LatencyCalibration, Precision } from './calibration-file.ts';
import { predictLatency } from './fit.ts';
import { type RoundsOptions, timeInRounds } from './time-in-rounds.ts';

export interface CalibrationCheck {
  readonly networks: number;
  /** Share predicted within ±10 % of what was measured. */
  readonly withinTenPercent: number;
  /** Of predicted and measured latencies (Spearman 1904). */
  readonly rankCorrelation: number;
  /** Share of measured latencies in the interval, beside the share that it states. */
  readonly coverage: number;
  readonly confidence: number;
  /** Mean of predicted over measured, − 1: a machine that is slower or faster than the calibrated one shows here. */
  readonly bias: number;
  /** Milliseconds for one prediction, from a network's work. */
  readonly predictMs: number;
}

/** @throws USAGE; what the signal was aborted with */
export async function checkCalibration(
  { models }: Pick<LatencyCalibration, 'models'>,
  precision: Precision,
  options: Omit<RoundsOptions, 'random'> & { readonly seed: string | number },
): Promise<CalibrationCheck> {
  const model = models[precision]!;
  const random = createRandom(options.seed).split('latency check');
  const samples = await timeInRounds({ ...options, random });
  const began = performance.now();
  const predicted = samples.map(({ work }) => predictLatency(model, work));
  const predictMs = (performance.now() - began) / samples.length;
  const share = (holds: (index: number) => boolean): number =>
    samples.filter((_, i) => holds(i)).length / samples.length;
  const ratio = (i: number): number => predicted[i]!.ms / samples[i]!.ms;
  return {
    networks: samples.length,
    withinTenPercent: share((i) => Math.abs(ratio(i) - 1) <= 0.1),
    rankCorrelation: rankCorrelation(
      predicted.map(({ ms }) => ms),
      samples.map(({ ms }) => ms),
    ),
    coverage: share((i) => predicted[i]!.lowMs <= samples[i]!.ms && samples[i]!.ms <= predicted[i]!.highMs),
    confidence: model.confidence,
    bias: samples.reduce((sum, _, i) => sum + ratio(i) - 1, 0) / samples.length,
    predictMs,
  };
}

/** Times are real numbers: ties do not matter. */
function rankCorrelation(a: readonly number[], b: readonly number[]): number {
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
