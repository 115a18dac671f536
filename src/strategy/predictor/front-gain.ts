/** What a point would add to a Pareto front (hypervolume improvement: Emmerich 2005). */
import { dominates, hypervolume } from '../pareto.ts';

type Vector = readonly number[];

/** Room below the worst value, in the unit of the vectors: the ends of the front are worth improving. */
export const MARGIN = 0.1;

/** The gain of a vector, all objectives to be maximised; below the front, minus the distance to it. */
export function frontGain(vectors: readonly Vector[]): (vector: Vector) => number {
  const front = vectors.filter(
    (v, i) =>
      !vectors.some(
        (other, j) => j !== i && (dominates(other, v) || (j < i && other.every((x, k) => x === v[k]))),
      ),
  );
  const reference = vectors[0]!.map((_, k) => Math.min(...vectors.map((v) => v[k]!)) - MARGIN);
  const added = reference.length === 2 ? addedArea(front, reference) : addedVolume(front, reference);
  return (vector) => {
    const gain = added(vector);
    if (gain > 0) return gain;
    let distance = Number.POSITIVE_INFINITY;
    for (const v of front) {
      let most = Number.NEGATIVE_INFINITY;
      for (let k = 0; k < v.length; k++) most = Math.max(most, v[k]! - vector[k]!);
      distance = Math.min(distance, most);
    }
    return -Math.max(0, distance);
  };
}

function addedVolume(front: readonly Vector[], reference: Vector): (vector: Vector) => number {
  const whole = hypervolume(front, reference);
  return (vector) =>
    front.some((v) => v.every((x, k) => x >= vector[k]!))
      ? 0
      : hypervolume([...front, vector], reference) - whole;
}

/**
 * The area above `reference` that a vector of two objectives would add to that of the others: a sum over the steps of the
 * front. Others that are not on it may be among them.
 */
export function addedArea(front: readonly Vector[], reference: Vector): (vector: Vector) => number {
  const steps = [...front.toSorted((a, b) => b[0]! - a[0]!), [reference[0]!, Number.POSITIVE_INFINITY]];
  return ([x, y]) => {
    let area = 0;
    let floor = reference[1]!;
    // From the right: right of a step only those before it cover the ground.
    let right = x!;
    for (const [stepX, stepY] of steps) {
      if (stepX! < right) {
        area += Math.max(0, right - Math.max(stepX!, reference[0]!)) * Math.max(0, y! - floor);
        right = stepX!;
      }
      floor = Math.max(floor, stepY!);
      if (floor >= y!) break;
    }
    return area;
  };
}
