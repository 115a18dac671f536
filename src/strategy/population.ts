/** Selection of several trials at once, for strategies that breed from a population. */
import { crowdingDistances, paretoRanks } from './pareto.ts';
import { violationOf } from './ranking.ts';
import type { Observation } from './strategy.ts';

/**
 * The first `count` of complete trials of one fidelity: feasible ones by Pareto rank, those of one rank as `order` sorts
 * them; then infeasible ones, the less they break the bounds the earlier (Deb 2000), and of equals by rank too.
 */
export function rankedBy(
  complete: readonly Observation[],
  count: number,
  order: (front: readonly Observation[]) => readonly Observation[],
): Observation[] {
  const found: Observation[] = [];
  for (const group of byViolation(complete)) {
    if (found.length >= count) break;
    if (group[0]!.values!.length === 1) {
      // With one objective the values alone are the order: much faster in long histories.
      found.push(...group.sort((a, b) => b.values![0]! - a.values![0]!));
      continue;
    }
    const fronts: Observation[][] = [];
    for (const [i, rank] of paretoRanks(group.map((o) => o.values!)).entries()) {
      fronts[rank] ??= [];
      fronts[rank]!.push(group[i]!);
    }
    for (const front of fronts) {
      if (found.length >= count) break;
      found.push(...order(front));
    }
  }
  return found.slice(0, count);
}

/** Groups of equal violation, the feasible first. */
function byViolation(complete: readonly Observation[]): Observation[][] {
  const groups = new Map<number, Observation[]>();
  for (const trial of complete) {
    const violation = violationOf(trial);
    const group = groups.get(violation);
    if (group === undefined) groups.set(violation, [trial]);
    else group.push(trial);
  }
  return [...groups].sort(([a], [b]) => a - b).map(([, group]) => group);
}

/** The least crowded first (Deb et al. 2002). */
export function byCrowding(front: readonly Observation[]): Observation[] {
  const distances = crowdingDistances(front.map((o) => o.values!));
  return [...front.keys()].sort((a, b) => distances[b]! - distances[a]! || a - b).map((i) => front[i]!);
}

/**
 * One of each niche in turn (Deb & Jain 2014): niches are evenly spread directions in the objectives scaled to the front,
 * and a trial belongs to the direction that it lies closest to, the closer ones first.
 */
export function byNiches(front: readonly Observation[]): Observation[] {
  const vectors = front.map((o) => o.values!);
  const count = vectors[0]!.length;
  const low = Array.from({ length: count }, (_, k) => Math.min(...vectors.map((v) => v[k]!)));
  const high = Array.from({ length: count }, (_, k) => Math.max(...vectors.map((v) => v[k]!)));
  // Distances below the best of each objective, as shares of its range.
  const scaled = vectors.map((v) => v.map((x, k) => (high[k]! - x) / (high[k]! - low[k]! || 1)));
  const niches = new Map<number, { readonly i: number; readonly distance: number }[]>();
  for (const [i, vector] of scaled.entries()) {
    const distances = directions(count).map((direction) => distanceTo(vector, direction));
    const distance = Math.min(...distances);
    const niche = distances.indexOf(distance);
    niches.set(niche, [...(niches.get(niche) ?? []), { i, distance }]);
  }
  const queues = [...niches.values()].map((members) => members.sort((a, b) => a.distance - b.distance));
  const result: Observation[] = [];
  for (let turn = 0; result.length < front.length; turn++)
    for (const queue of queues) if (turn < queue.length) result.push(front[queue[turn]!.i]!);
  return result;
}

const DIVISIONS = 12;
const directionCache = new Map<number, readonly (readonly number[])[]>();

/** Points whose coordinates are multiples of 1/12 (1/4 from five objectives on) and sum to 1 (Das & Dennis 1998). */
function directions(count: number): readonly (readonly number[])[] {
  let found = directionCache.get(count);
  if (found === undefined) {
    const divisions = count > 4 ? 4 : DIVISIONS;
    const spread = (left: number, places: number): number[][] =>
      places === 1
        ? [[left]]
        : Array.from({ length: left + 1 }, (_, first) =>
            spread(left - first, places - 1).map((rest) => [first, ...rest]),
          ).flat();
    found = spread(divisions, count).map((point) => point.map((x) => x / divisions));
    directionCache.set(count, found);
  }
  return found;
}

/** From a point to the line through the origin. */
function distanceTo(point: readonly number[], direction: readonly number[]): number {
  const length = Math.hypot(...direction);
  const along = point.reduce((sum, x, k) => sum + (x * direction[k]!) / length, 0);
  return Math.hypot(...point.map((x, k) => x - (along * direction[k]!) / length));
}
