import { quantile } from './quantile.ts';
import { percent, type StoppingRule } from './rule.ts';

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

/**
 * The median stopping rule of Vizier (Golovin et al. 2017, section 3.2.1): a trial stops when its best value so far is
 * below the median of the averages that earlier trials had over as many epochs.
 */
export const medianStopping: StoppingRule = {
  name: 'median',
  description:
    'stops a trial whose best epoch is below the median of earlier trials’ averages (Golovin et al. 2017)',
  argument: null,
  stop: (curve, earlier) => {
    const epoch = curve.length;
    const best = Math.max(...curve);
    const bar = quantile(
      earlier.map((other) => mean(other.slice(0, epoch))),
      0.5,
    );
    return best < bar
      ? `${percent(best)} after epoch ${epoch} is below the median of earlier trials, ${percent(bar)}`
      : null;
  },
};
