/**
 * The interval whose quantised distribution tells most about the original one: least Kullback-Leibler divergence
 * (Migacz 2017, TensorRT's calibration).
 */
import { type ActivationFormat, LIMITS, type Range } from '../affine.ts';
import { type Calibrator, shrunkRanges, widened } from './calibrator.ts';
import type { Observation } from './observe.ts';

/** Below this share of the observed interval no candidate has a bin for each level. */
const SMALLEST_SHARE = 1 / 8;
const EPSILON = 1e-9;

/**
 * The interval whose quantised distribution tells most about the original one: least Kullback-Leibler divergence
 * (Migacz 2017, TensorRT's calibration) of 128 intervals, the observed one shrunk to an eighth at most; the bin of 0
 * left out.
 */
export const entropy: Calibrator = (observation, format) => {
  let best: Range = observation;
  let least = Number.POSITIVE_INFINITY;
  for (const range of shrunkRanges(observation)) {
    if (range.high - range.low < SMALLEST_SHARE * (observation.high - observation.low)) continue;
    const divergence = clippedDivergence(observation, range, format);
    if (divergence <= least) [best, least] = [range, divergence];
  }
  return { low: best.low, high: best.high };
};

/**
 * KL(P‖Q): P is the histogram with what lies outside added to the outermost bins, Q the same bins after they were
 * merged into levels and each level's mass was spread evenly over its bins that held anything. The bin of 0 is left out:
 * integers hold 0 exactly, and the zeros of a ReLU would outweigh all the rest.
 */
function clippedDivergence(
  { low, high, counts: all }: Observation,
  range: Range,
  format: ActivationFormat,
): number {
  const bins = all.length;
  const width = (high - low) / bins;
  if (width === 0) return 0;
  const counts = all.slice();
  counts[Math.min(bins - 1, Math.floor(-low / width))] = 0;
  const first = Math.max(0, Math.round((range.low - low) / width));
  const last = Math.min(bins, Math.round((range.high - low) / width));
  const reference = counts.slice(first, last);
  for (let i = 0; i < bins; i++)
    if (i < first) reference[0]! += counts[i]!;
    else if (i >= last) reference[reference.length - 1]! += counts[i]!;

  const covered = widened(range, format);
  const { low: smallest, high: largest } = LIMITS[format.dtype];
  const step = (covered.high - covered.low) / (largest - smallest + 1);
  const levelOf = (bin: number): number => Math.floor((low + (bin + 0.5) * width - covered.low) / step);
  const total = reference.reduce((a, b) => a + b, 0);
  if (total === 0) return 0;
  let divergence = 0;
  for (let start = first; start < last; ) {
    let end = start;
    let mass = 0;
    let held = 0;
    for (const level = levelOf(start); end < last && levelOf(end) === level; end++) {
      mass += counts[end]!;
      if (counts[end]! > 0) held++;
    }
    const spread = held === 0 ? 0 : mass / held;
    for (let i = start; i < end; i++) {
      const p = reference[i - first]! / total;
      const q = (counts[i]! > 0 ? spread : 0) / total;
      if (p > 0) divergence += p * Math.log(p / Math.max(q, EPSILON));
    }
    start = end;
  }
  return divergence;
}
