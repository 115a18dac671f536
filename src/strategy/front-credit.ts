/** What trials of each kind have lately added to the front, so that a search does more of what still finds something. */
import { paretoRanks } from './pareto.ts';
import { addedArea, MARGIN } from './predictor/front-gain.ts';
import { comparable } from './ranking.ts';
import type { Observation } from './strategy.ts';

/** Trials that are looked back on: gains come seldom once a front is good. */
const LATEST = 120;

/**
 * The mean gain in hypervolume of a trial of each kind among the latest feasible ones, of two objectives scaled to the
 * range that was seen; 0 for kinds that are not among them. Measured one after the other, in the order of the trials'
 * numbers.
 * @param kindOf of a trial's number; null for trials that count for no kind
 */
export function latelyGained<Kind extends string>(
  history: readonly Observation[],
  kindOf: (number: number) => Kind | null,
): (kind: Kind) => number {
  const trials = comparable(history, 1).filter(({ feasible }) => feasible);
  const points = scaled(trials.map(({ values }) => values!));
  const first = Math.max(0, trials.length - LATEST);
  const ranks = paretoRanks(points.slice(0, first));
  const front = points.slice(0, first).filter((_, i) => ranks[i] === 0);
  const gains = new Map<Kind, number[]>();
  for (let i = first; i < trials.length; i++) {
    const gain = addedArea(front, [-MARGIN, -MARGIN])(points[i]!);
    if (gain > 0) front.push(points[i]!);
    const kind = kindOf(trials[i]!.number);
    if (kind !== null) gains.set(kind, [...(gains.get(kind) ?? []), gain]);
  }
  return (kind) => {
    const all = gains.get(kind) ?? [];
    return all.reduce((sum, gain) => sum + gain, 0) / Math.max(1, all.length);
  };
}

/** Each objective from 0, the least value seen, to 1. */
function scaled(vectors: readonly (readonly number[])[]): readonly (readonly number[])[] {
  const ends = vectors[0]?.map((_, k) => {
    const column = vectors.map((v) => v[k]!);
    const low = column.reduce((a, b) => Math.min(a, b));
    return { low, span: column.reduce((a, b) => Math.max(a, b)) - low || 1 };
  });
  return vectors.map((v) => v.map((x, k) => (x - ends![k]!.low) / ends![k]!.span));
}
