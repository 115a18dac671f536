import { extrapolate } from './power-law.ts';
import { percent, type StoppingRule } from './rule.ts';

/** Share of the earlier trials whose extrapolation fell short by less than the margin. */
const SURE = 0.95;

/**
 * Stops a trial that will hardly beat the best one (the criterion of Domhan et al. 2015). How far extrapolations fall
 * short is not assumed but seen: on earlier trials, from the same epoch, the share SURE of them stayed below the margin.
 */
export const curveStopping: StoppingRule = {
  name: 'curve',
  description:
    'extrapolates the learning curve and stops a trial that will hardly beat the best (Domhan et al. 2015)',
  argument: null,
  stop: (curve, earlier) => {
    const epoch = curve.length;
    const epochs = Math.min(...earlier.map((other) => other.length));
    if (epoch >= epochs) return null;
    const shortfalls = earlier
      .map((other) => other[epochs - 1]! - extrapolate(other.slice(0, epoch), epochs))
      .sort((a, b) => a - b);
    const rank = Math.min(shortfalls.length, Math.ceil(SURE * (shortfalls.length + 1)));
    const reach = Math.max(...curve, extrapolate(curve, epochs) + shortfalls[rank - 1]!);
    const best = Math.max(...earlier.map((other) => other[epochs - 1]!));
    return reach < best
      ? `after epoch ${epoch} it is heading for at most ${percent(reach)}, and the best trial has ${percent(best)}`
      : null;
  },
};
