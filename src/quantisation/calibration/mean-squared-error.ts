/** The interval with the least expected squared error of rounding and clipping together (Banner et al. 2019). */
import { type ActivationFormat, affineOf, LIMITS, type Range } from '../affine.ts';
import { type Calibrator, shrunkRanges } from './calibrator.ts';
import type { Observation } from './observe.ts';

export const meanSquaredError: Calibrator = (observation, format) => {
  let best: Range = observation;
  let least = Number.POSITIVE_INFINITY;
  for (const range of shrunkRanges(observation)) {
    const error = expectedError(observation, range, format);
    // Of equals the wider: less is clipped of what was not seen.
    if (error <= least) [best, least] = [range, error];
  }
  return { low: best.low, high: best.high };
};

function expectedError({ low, high, counts }: Observation, range: Range, format: ActivationFormat): number {
  const { scale, zeroPoint } = affineOf(range, format);
  const limits = LIMITS[format.dtype];
  const width = (high - low) / counts.length;
  let sum = 0;
  for (let i = 0; i < counts.length; i++) {
    if (counts[i] === 0) continue;
    const value = low + (i + 0.5) * width;
    const integer = Math.min(limits.high, Math.max(limits.low, Math.round(value / scale) + zeroPoint));
    sum += counts[i]! * (value - (integer - zeroPoint) * scale) ** 2;
  }
  return sum;
}
