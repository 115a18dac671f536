/** All but the outermost share of the values (McKinstry et al. 2018). */
import type { Calibrator } from './calibrator.ts';

/** Share of the values that is clipped, both ends together. */
const CLIPPED = 1e-4;

/** All but the outermost ten-thousandth of the values, both ends together (McKinstry et al. 2018). */
export const percentile: Calibrator = ({ low, high, counts }) => {
  const total = counts.reduce((a, b) => a + b, 0);
  // Without a histogram nothing is known to be an outlier.
  if (total === 0) return { low, high };
  const ends = (low < 0 ? 1 : 0) + (high > 0 ? 1 : 0);
  const allowed = (total * CLIPPED) / Math.max(1, ends);
  const width = (high - low) / counts.length;
  let first = 0;
  for (
    let outside = counts[0]!;
    outside <= allowed && first < counts.length - 1;
    outside += counts[++first]!
  );
  let last = counts.length - 1;
  for (let outside = counts[last]!; outside <= allowed && last > 0; outside += counts[--last]!);
  return { low: Math.min(0, low + first * width), high: Math.max(0, low + (last + 1) * width) };
};
