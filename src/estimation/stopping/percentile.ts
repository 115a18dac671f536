import { quantile } from './quantile.ts';
import { percent, type StoppingRule } from './rule.ts';

/** A trial goes on while its best value is among the best so many per cent of earlier ones at the same epoch (as Optuna's PercentilePruner). */
export const percentileStopping: StoppingRule = {
  name: 'percentile',
  description:
    'goes on with trials among the best 25 % (percentile:N for another share) of earlier ones at that epoch',
  argument: { byDefault: 25, least: 0, most: 100 },
  stop: (curve, earlier, kept) => {
    const epoch = curve.length;
    const best = Math.max(...curve);
    const bar = quantile(
      earlier.map((other) => other[epoch - 1]!),
      1 - kept / 100,
    );
    return best < bar
      ? `${percent(best)} after epoch ${epoch} is not among the best ${kept} % of earlier trials, which have ${percent(bar)}`
      : null;
  },
};
