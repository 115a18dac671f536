/** What a point would add to a Pareto front. */
import { dominates, hypervolume } from '../pareto.ts';

/** The gain of a vector whose objectives are all to be maximised. */
export type FrontGain = (vector: readonly number[]) => number;

/** Room below the worst of the front in each objective, in the unit of normal scores: its ends are worth improving. */
const MARGIN = 1;

/**
 * Hypervolume improvement (Emmerich 2005) over the front of the given vectors; what is dominated gets minus its distance
 * below the front, so that there is always an order.
 */
export function frontGain(vectors: readonly (readonly number[])[]): FrontGain {
  const front = vectors.filter(
    (v, i) =>
      !vectors.some(
        (other, j) => j !== i && (dominates(other, v) || (j < i && other.every((x, k) => x === v[k]))),
      ),
  );
  const reference = front[0]!.map((_, k) => Math.min(...front.map((v) => v[k]!)) - MARGIN);
  const whole = hypervolume(front, reference);
  return (vector) => {
    const above = front.filter((v) => v.every((x, k) => x >= vector[k]!));
    if (above.length > 0) return -Math.min(...above.map((v) => Math.max(...v.map((x, k) => x - vector[k]!))));
    return hypervolume([...front, vector], reference) - whole;
  };
}
