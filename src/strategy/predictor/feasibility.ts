/**
 * How probable it is that a candidate keeps the bounds that are measured only in its trial (a latency): what is expected
 * of it is multiplied by that (Gardner et al. 2014), so that trials are not spent where nothing can come of them.
 */
import type { Random } from '../../random.ts';
import type { Observation, SuggestRequest } from '../strategy.ts';
import { distribution } from './acquisition.ts';
import { forestModel } from './model.ts';
import type { Pool } from './pool.ts';

/** Probabilities of rows of the pool. */
export type Feasibility = (rows: Int32Array) => Float64Array;

/** Trials before the margins are predicted. */
const FEWEST = 4;

/**
 * @param trials what is known, among them those that were pruned because of a bound
 * @returns null where no trial has broken a bound yet, or too few are known
 */
export function feasibility(trials: readonly Observation[], pool: Pool, random: Random): Feasibility | null {
  const measured = trials.flatMap(({ genome, margin }) => {
    const row = pool.rowOf(genome);
    return margin === undefined || row === undefined ? [] : [{ row, margin }];
  });
  if (measured.length < FEWEST || measured.every(({ margin }) => margin <= 0)) return null;
  // Scaled about the bound itself, which must stay at zero.
  const spread = Math.sqrt(measured.reduce((sum, { margin }) => sum + margin ** 2, 0) / measured.length);
  const lesson = {
    features: pool.features,
    known: measured.map(({ row }) => row),
    targets: measured.map(({ margin }) => margin / spread),
  };
  const model = forestModel(lesson, random.split('feasibility'));
  return (rows) => {
    const { mean, deviation } = model.refine(rows);
    return mean.map((m, i) => distribution(-m / Math.max(deviation[i]!, 1e-3)));
  };
}

/** Trials of the history that are worth nothing to the search but tell where the bounds lie. */
export const prunedByBounds = ({ history }: Pick<SuggestRequest, 'history'>): readonly Observation[] =>
  history.filter(({ values, violation = 0 }) => values === null && violation > 0);

/** Worths times the probabilities; worths that may be negative are counted from the lowest. */
export function constrained(worth: Float64Array, probability: Float64Array | undefined): Float64Array {
  if (probability === undefined) return worth;
  const lowest = worth.reduce((low, value) => Math.min(low, value), 0);
  return worth.map((value, i) => (value - lowest) * probability[i]!);
}
