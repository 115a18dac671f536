/** Objective values as targets that predictors can learn. */
import type { Observation } from '../strategy.ts';

/** The inverse of the standard normal distribution function (Acklam's rational approximation, error below 1.2e-9). */
export function normalQuantile(p: number): number {
  const tail = (q: number): number =>
    (((((-7.784894002430293e-3 * q - 3.223964580411365e-1) * q - 2.400758277161838) * q - 2.549732539343734) *
      q +
      4.374664141464968) *
      q +
      2.938163982698783) /
    ((((7.784695709041462e-3 * q + 3.224671290700398e-1) * q + 2.445134137142996) * q + 3.754408661907416) *
      q +
      1);
  if (p < 0.02425) return tail(Math.sqrt(-2 * Math.log(p)));
  if (p > 1 - 0.02425) return -tail(Math.sqrt(-2 * Math.log(1 - p)));
  const q = p - 0.5;
  const r = q * q;
  return (
    ((((((-3.969683028665376e1 * r + 2.209460984245205e2) * r - 2.759285104469687e2) * r +
      1.38357751867269e2) *
      r -
      3.066479806614716e1) *
      r +
      2.506628277459239) *
      q) /
    (((((-5.447609879822406e1 * r + 1.615858368580409e2) * r - 1.556989798598866e2) * r +
      6.680131188771972e1) *
      r -
      1.328068155288572e1) *
      r +
      1)
  );
}

/**
 * Values as normal scores by rank (Blom 1958), equal values alike: accuracies crowd at the top and trail off far below, and
 * only their order is to be learnt.
 */
export function normalScores(values: readonly number[]): number[] {
  const n = values.length;
  const order = [...values.keys()].sort((a, b) => values[a]! - values[b]!);
  const scores = new Array<number>(n);
  for (let from = 0; from < n; ) {
    let to = from + 1;
    while (to < n && values[order[to]!] === values[order[from]!]) to++;
    const score = normalQuantile(((from + to + 1) / 2 - 0.375) / (n + 0.25));
    for (let i = from; i < to; i++) scores[order[i]!] = score;
    from = to;
  }
  return scores;
}

/** Share of the lowest values that count as one: how bad failures are is not worth learning. */
const CLIPPED_SHARE = 0.1;

/** Values scaled to deviation 1 about their mean, after the lowest were raised to one level. */
export function clippedScores(values: readonly number[]): number[] {
  const sorted = [...values].sort((a, b) => a - b);
  const least = sorted[Math.floor(CLIPPED_SHARE * (sorted.length - 1))]!;
  const raised = values.map((value) => Math.max(value, least));
  const mean = raised.reduce((sum, value) => sum + value, 0) / raised.length;
  const deviation =
    Math.sqrt(raised.reduce((sum, value) => sum + (value - mean) ** 2, 0) / raised.length) || 1;
  return raised.map((value) => (value - mean) / deviation);
}

/**
 * What models learn of each objective, by trial: with one objective its normal scores, with several clipped values, whose
 * distances a hypervolume needs. Infeasible trials count as the worst: the models learn where the bounds lie.
 */
export function targetsOf(trials: readonly Observation[]): number[][] {
  const objectives = trials[0]?.values?.length ?? 0;
  const scores = objectives === 1 ? normalScores : clippedScores;
  return Array.from({ length: objectives }, (_, k) => {
    const worst = trials.reduce((low, o) => Math.min(low, o.values![k]!), Number.POSITIVE_INFINITY);
    return scores(trials.map((o) => (o.feasible ? o.values![k]! : worst)));
  });
}
