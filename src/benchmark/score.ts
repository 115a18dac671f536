/** How good a replayed search was, after any number of its evaluations. */
import { dominates, hypervolume } from '../strategy/pareto.ts';
import type { Problem } from './problem.ts';

/** One look-up of a replayed search. */
export interface Evaluation {
  /** Of the problem. */
  readonly row: number;
  /** From 0, the cheapest. */
  readonly fidelity: number;
  /** Of all evaluations up to and with this one, in the problem's unit. */
  readonly cost: number;
}

/**
 * The report of the row that the search would deliver: the one with the best signal, among evaluations of the highest
 * fidelity that it came to and that keep within the bounds; the earlier of equals. NaN before the first such evaluation.
 */
export function delivered(problem: Problem, evaluations: readonly Evaluation[]): number {
  const highest = evaluations.reduce((level, e) => Math.max(level, e.fidelity), 0);
  let best = -1;
  for (const { row, fidelity } of evaluations) {
    if (fidelity !== highest || !problem.feasible[row]) continue;
    const signal = problem.values[fidelity]![0]!;
    if (best < 0 || signal[row]! > signal[best]!) best = row;
  }
  return best < 0 ? Number.NaN : problem.report[best]!;
}

/**
 * What a search had paid when the row that it would deliver first had this report or a better one; null when it never
 * did. Evaluations of the highest fidelity of the problem only: a cheap hint is no trained network yet.
 */
export function costToReach(
  problem: Problem,
  evaluations: readonly Evaluation[],
  report: number,
): number | null {
  const highest = problem.fidelities.length - 1;
  const signal = problem.values[highest]![0]!;
  let best = -1;
  for (const { row, fidelity, cost } of evaluations) {
    if (fidelity !== highest || !problem.feasible[row]) continue;
    if (best >= 0 && signal[row]! <= signal[best]!) continue;
    best = row;
    const reached = problem.report[row]!;
    if (problem.reportBetter === 'max' ? reached >= report : reached <= report) return cost;
  }
  return null;
}

/** The feasible row with the best signal at the highest fidelity. */
export function bestRow({ values, feasible }: Problem): number {
  const signal = values.at(-1)![0]!;
  let best = -1;
  for (const [row, value] of signal.entries())
    if (feasible[row] && (best < 0 || value > signal[best]!)) best = row;
  return best;
}

/** Best report of all feasible rows: what regret is measured from. */
export const optimum = ({ report, reportBetter, feasible }: Problem): number =>
  report
    .filter((_, row) => feasible[row])
    .reduce((a, b) => (reportBetter === 'max' ? Math.max(a, b) : Math.min(a, b)));

/**
 * Hypervolumes relative to the exact front's (Zitzler & Thiele 1999), each objective scaled to its range over the table
 * and the reference point at the worst of each. Feasible evaluations of the highest fidelity only.
 */
export function hypervolumeRatio(problem: Problem): (evaluations: readonly Evaluation[]) => number {
  const columns = problem.values.at(-1)!;
  const scaled = columns.map((column) => {
    const low = column.reduce((a, b) => Math.min(a, b));
    const span = column.reduce((a, b) => Math.max(a, b)) - low || 1;
    return column.map((value) => (value - low) / span);
  });
  const vector = (row: number): number[] => scaled.map((column) => column[row]!);
  const reference = columns.map(() => -1e-9);
  const volume = (rows: readonly number[]): number => hypervolume(nonDominated(rows.map(vector)), reference);
  const exact = volume([...problem.genomes.keys()].filter((row) => problem.feasible[row]));
  const highest = problem.fidelities.length - 1;
  return (evaluations) =>
    volume(evaluations.filter((e) => e.fidelity === highest && problem.feasible[e.row]).map((e) => e.row)) /
    exact;
}

/** Keeps the vectors that no other dominates; by descending first objective each is compared with the kept ones only. */
function nonDominated(vectors: readonly (readonly number[])[]): (readonly number[])[] {
  const front: (readonly number[])[] = [];
  for (const vector of [...vectors].sort((a, b) => b[0]! - a[0]! || b[1]! - a[1]!))
    if (!front.some((other) => dominates(other, vector) || other.every((x, i) => x === vector[i])))
      front.push(vector);
  return front;
}
