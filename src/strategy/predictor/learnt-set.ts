/** Which trials a model is fitted to. */
import { dominates, paretoRanks } from '../pareto.ts';
import { isComplete } from '../ranking.ts';
import type { Observation } from '../strategy.ts';

/** Trials at most, so that the cost of a model does not grow with the history: the best, the latest, and some of the rest. */
const MOST = 200;
const BEST = 100;
const LATEST = 50;
/** Trials that are ranked by dominance at most, beside the front: the latest. */
const RANKED = 1_000;

/**
 * Complete trials of the highest fidelity that has three of them, else of the highest that has any, in their order: values
 * of two fidelities do not compare.
 */
export function comparableTrials(history: readonly Observation[]): Observation[] {
  const complete = history.filter(isComplete);
  const levels = new Map<number, number>();
  for (const { fidelity } of complete) levels.set(fidelity, (levels.get(fidelity) ?? 0) + 1);
  const enough = [...levels.keys()].sort((a, b) => b - a).find((level) => levels.get(level)! >= 3);
  const level = enough ?? Math.max(...levels.keys());
  return complete.filter((o) => o.fidelity === level);
}

/** The best first: feasible before infeasible, then by their objective, or by Pareto rank; of equals the earlier first. */
export function rankedTrials(trials: readonly Observation[]): Observation[] {
  const place = new Map(
    trials.some((o) => o.values!.length > 1)
      ? paretoRanks(trials.map((o) => o.values!)).map((rank, i) => [trials[i]!, rank])
      : trials.map((o) => [o, -o.values![0]!]),
  );
  return [...trials].sort(
    (a, b) => Number(b.feasible) - Number(a.feasible) || place.get(a)! - place.get(b)! || a.number - b.number,
  );
}

/**
 * Of comparable trials those to learn from, in their order: all while they are few; else the best, the latest, the whole
 * front where there are several objectives, and the rest evenly by rank, so that models know what is bad, too.
 */
export function learntTrials(trials: readonly Observation[]): Observation[] {
  if (trials.length <= MOST) return [...trials];
  const front = trials[0]!.values!.length > 1 ? frontOf(trials) : [];
  const ranked = rankedTrials(
    front.length === 0 || trials.length <= RANKED
      ? trials
      : [...new Set([...front, ...trials.slice(-RANKED)])].sort((a, b) => a.number - b.number),
  );
  const taken = new Set([...front, ...ranked.slice(0, BEST), ...trials.slice(-LATEST)]);
  const rest = ranked.filter((o) => !taken.has(o));
  const places = Math.max(0, MOST - taken.size);
  for (let i = 0; i < Math.min(places, rest.length); i++)
    taken.add(rest[Math.floor(((i + 0.5) * rest.length) / Math.min(places, rest.length))]!);
  return trials.filter((o) => taken.has(o));
}

/** Feasible trials that no other feasible one dominates. */
function frontOf(trials: readonly Observation[]): Observation[] {
  const front: Observation[] = [];
  // In this order no trial dominates an earlier one.
  const ordered = trials
    .filter((o) => o.feasible)
    .sort((a, b) => b.values![0]! - a.values![0]! || b.values![1]! - a.values![1]! || a.number - b.number);
  for (const trial of ordered)
    if (!front.some((other) => dominates(other.values!, trial.values!))) front.push(trial);
  return front;
}
