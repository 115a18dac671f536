/** The interval with the least expected squared error of rounding and clipping together (Banner et al. 2019). */
import { type ActivationFormat, affineOf, LIMITS, type Range } from '../affine.ts';
import { type Calibrator, shrunkRanges } from './calibrator.ts';
import type { Observation } from './observe.ts';

/** Either end is moved in turn, the other held; more rounds change nothing that counts. */
const ROUNDS = 2;

/**
 * The interval with the least expected squared error of rounding and clipping together (Banner et al. 2019): either
 * end in turn at 128 shares of what was seen.
 */
export const meanSquaredError: Calibrator = (observation, format) => {
  let best: Range = { low: observation.low, high: observation.high };
  let least = expectedError(observation, best, format);
  const consider = (range: Range): void => {
    const error = expectedError(observation, range, format);
    if (error < least) [best, least] = [range, error];
  };
  const candidates = shrunkRanges(observation);
  // In a symmetric format only the farther end counts.
  if (format.symmetric) for (const range of candidates) consider(range);
  else
    for (let round = 0; round < ROUNDS; round++) {
      const { low } = best;
      for (const { high } of candidates) consider({ low, high });
      const { high } = best;
      for (const range of candidates) consider({ low: range.low, high });
    }
  return best;
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
