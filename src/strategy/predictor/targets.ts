/** Objective values as targets that predictors can learn. */
import { paretoRanks } from '../pareto.ts';
import { isComplete } from '../ranking.ts';
import type { Observation, SuggestRequest } from '../strategy.ts';

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

/** Trials that a model is fitted to, at most: the best and the latest, so that its cost does not grow with the history. */
const MOST = 200;

/**
 * Complete trials of the highest fidelity that has enough of them, the best first: feasible before infeasible, then by
 * their objective, or by Pareto rank where there are several.
 */
export function learnable({ history }: SuggestRequest, most = MOST): Observation[] {
  const complete = history.filter(isComplete);
  const levels = new Map<number, number>();
  for (const { fidelity } of complete) levels.set(fidelity, (levels.get(fidelity) ?? 0) + 1);
  const enough = [...levels.keys()].sort((a, b) => b - a).find((level) => levels.get(level)! >= 3);
  const level = enough ?? Math.max(...levels.keys());
  const found = complete.filter((o) => o.fidelity === level);
  const several = found.some((o) => o.values!.length > 1);
  const ranked = several ? byRank(found.slice(-2 * most)) : byValue(found);
  if (ranked.length <= most) return ranked;
  const best = new Set(ranked.slice(0, most / 2));
  const latest = new Set(found.slice(-most / 2));
  return ranked.filter((o) => best.has(o) || latest.has(o));
}

const byValue = (found: readonly Observation[]): Observation[] =>
  [...found].sort(
    (a, b) => Number(b.feasible) - Number(a.feasible) || b.values![0]! - a.values![0]! || a.number - b.number,
  );

/** By Pareto rank; of one rank, the earlier first. */
function byRank(found: readonly Observation[]): Observation[] {
  const ranks = new Map(paretoRanks(found.map((o) => o.values!)).map((rank, i) => [found[i]!, rank]));
  return [...found].sort(
    (a, b) => Number(b.feasible) - Number(a.feasible) || ranks.get(a)! - ranks.get(b)! || a.number - b.number,
  );
}
