/**
 * What a candidate is expected to add to the Pareto front (expected hypervolume improvement: Emmerich 2005), in the
 * objectives' own scales: predictions in normal scores are taken back to values, as hypervolumes are measured there.
 */
import { dominates, hypervolume } from '../pareto.ts';

type Vector = readonly number[];

/** Room below the worst value seen, as a share of the range: the ends of the front are worth improving. */
const MARGIN = 0.02;

/** From normal scores to values scaled to 0..1: through the known pairs, beyond them with the slope of the outermost ones. */
export function scoreToValue(
  scores: readonly number[],
  values: readonly number[],
): (score: number) => number {
  const order = [...scores.keys()].sort((a, b) => scores[a]! - scores[b]!);
  const [low, high] = [values[order[0]!]!, values[order.at(-1)!]!];
  const span = high - low || 1;
  const x: number[] = [];
  const y: number[] = [];
  for (const i of order)
    if (x.length === 0 || scores[i]! > x.at(-1)!) {
      x.push(scores[i]!);
      y.push((values[i]! - low) / span);
    }
  const n = x.length;
  if (n < 2) return () => y[0]!;
  return (score) => {
    let [from, to] = [0, n - 1];
    while (to - from > 1) {
      const middle = (from + to) >> 1;
      if (x[middle]! <= score) from = middle;
      else to = middle;
    }
    return y[from]! + ((score - x[from]!) * (y[to]! - y[from]!)) / (x[to]! - x[from]!);
  };
}

/** The gain of a vector, all objectives to be maximised and scaled to 0..1; below the front, minus the distance to it. */
export function frontGain(vectors: readonly Vector[]): (vector: Vector) => number {
  const front = vectors.filter(
    (v, i) =>
      !vectors.some(
        (other, j) => j !== i && (dominates(other, v) || (j < i && other.every((x, k) => x === v[k]))),
      ),
  );
  const reference = front[0]!.map(() => -MARGIN);
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

/** With two objectives the area is a sum over the steps of the front. */
function addedArea(front: readonly Vector[], reference: Vector): (vector: Vector) => number {
  const steps = [...front].sort((a, b) => b[0]! - a[0]!);
  return ([x, y]) => {
    let area = 0;
    let floor = reference[1]!;
    // From the right: right of a step only those before it cover the ground.
    let right = x!;
    for (const [stepX, stepY] of [...steps, [reference[0]!, Number.POSITIVE_INFINITY] as const]) {
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
