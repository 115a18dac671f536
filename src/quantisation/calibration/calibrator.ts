/** A calibrator chooses the interval that a tensor's integers cover: what lies outside is clipped. */
import type { ActivationFormat, Range } from '../affine.ts';
import type { Observation } from './observe.ts';

/**
 * Chooses the interval that an activation's integers cover, from what was seen of it: what lies outside is clipped.
 * Without a histogram each gives all that was seen.
 */
export type Calibrator = (observation: Observation, format: ActivationFormat) => Range;

const CANDIDATES = 128;

/** The observed interval, shrunk towards 0 in equal steps. */
export function shrunkRanges({ low, high }: Observation): Range[] {
  return Array.from({ length: CANDIDATES }, (_, i) => {
    const share = (i + 1) / CANDIDATES;
    return { low: low * share, high: high * share };
  });
}

/** Of a two-sided tensor in a symmetric format both ends lie equally far out. */
export function widened({ low, high }: Range, { symmetric }: ActivationFormat): Range {
  const reach = Math.max(-low, high);
  return symmetric ? { low: -reach, high: reach } : { low, high };
}
