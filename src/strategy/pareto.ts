/** Pareto dominance among vectors that are all to be maximised. */

type Vector = readonly number[];

/** At least as good everywhere and better somewhere. */
export function dominates(a: Vector, b: Vector): boolean {
  let better = false;
  for (let k = 0; k < a.length; k++) {
    if (!(a[k]! >= b[k]!)) return false;
    if (a[k]! > b[k]!) better = true;
  }
  return better;
}

/**
 * Rank of each vector: 0 for the front, 1 for the front of the rest, and so on. Efficient non-dominated sort with binary
 * search (Zhang et al. 2015): n·log n for one or two objectives, with more at worst the square of the front's size.
 */
export function paretoRanks(vectors: readonly Vector[]): number[] {
  // Nothing dominates what comes before it in this order.
  const order = [...vectors.keys()].sort((a, b) => descending(vectors[a]!, vectors[b]!) || a - b);
  const ranks = new Array<number>(vectors.length);
  const fronts: Vector[][] = [];
  for (const i of order) {
    const vector = vectors[i]!;
    // What a front dominates, all better fronts dominate too.
    let [low, high] = [0, fronts.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (frontDominates(fronts[middle]!, vector)) low = middle + 1;
      else high = middle;
    }
    ranks[i] = low;
    if (low === fronts.length) fronts.push([vector]);
    else fronts[low]!.push(vector);
  }
  return ranks;
}

function descending(a: Vector, b: Vector): number {
  for (let k = 0; k < a.length; k++) if (a[k] !== b[k]) return b[k]! - a[k]!;
  return 0;
}

/** Of members added in descending order. With two objectives the last has the best second value, which decides. */
function frontDominates(front: readonly Vector[], vector: Vector): boolean {
  if (vector.length <= 2) return dominates(front.at(-1)!, vector);
  for (let i = front.length - 1; i >= 0; i--) if (dominates(front[i]!, vector)) return true;
  return false;
}

/** Crowding distance within one front (Deb et al. 2002); infinite at the ends of each objective. */
export function crowdingDistances(front: readonly Vector[]): number[] {
  const distances = new Array<number>(front.length).fill(0);
  for (let objective = 0; objective < (front[0]?.length ?? 0); objective++) {
    const order = front.map((_, i) => i).sort((a, b) => front[a]![objective]! - front[b]![objective]!);
    const span = front[order.at(-1)!]![objective]! - front[order[0]!]![objective]!;
    distances[order[0]!] = Number.POSITIVE_INFINITY;
    distances[order.at(-1)!] = Number.POSITIVE_INFINITY;
    for (let i = 1; i < order.length - 1; i++) {
      const gap = front[order[i + 1]!]![objective]! - front[order[i - 1]!]![objective]!;
      distances[order[i]!]! += span === 0 ? 0 : gap / span;
    }
  }
  return distances;
}

/**
 * The volume that the vectors dominate above a reference point that they all should exceed (Zitzler & Thiele 1999).
 * Exact, by slicing along the last objective; meant for two or three objectives and fronts of some hundred points.
 */
export function hypervolume(vectors: readonly Vector[], reference: Vector): number {
  const inside = vectors.filter((v) => v.every((x, i) => x > reference[i]!));
  if (inside.length === 0) return 0;
  const last = reference.length - 1;
  if (last === 0) return Math.max(...inside.map((v) => v[0]!)) - reference[0]!;
  const levels = [...new Set(inside.map((v) => v[last]!))].sort((a, b) => b - a);
  return levels.reduce((volume, level, i) => {
    const thickness = level - (levels[i + 1] ?? reference[last]!);
    const slice = inside.filter((v) => v[last]! >= level).map((v) => v.slice(0, last));
    return volume + thickness * hypervolume(slice, reference.slice(0, last));
  }, 0);
}
