/** What makes a candidate worth an evaluation, from a predictor's mean and deviation. All are to be maximised. */

/** Standard normal density and distribution function (Abramowitz & Stegun 1964, 26.2.17, error below 7.5e-8). */
const density = (z: number): number => Math.exp(-0.5 * z * z) / Math.sqrt(2 * Math.PI);
export function distribution(z: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(z));
  const upper =
    density(z) *
    t *
    (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return z >= 0 ? 1 - upper : upper;
}

export type Acquisition = (mean: number, deviation: number, best: number, normal: () => number) => number;

export const ACQUISITIONS = {
  /** Expected improvement over the best (Jones et al. 1998). */
  ei: (mean, deviation, best) => {
    if (!(deviation > 0)) return Math.max(0, mean - best);
    const z = (mean - best) / deviation;
    return (mean - best) * distribution(z) + deviation * density(z);
  },
  /** Upper confidence bound (Srinivas et al. 2010) at one deviation. */
  ucb: (mean, deviation) => mean + deviation,
  /** What is predicted, as it is: where the prediction is itself a draw. */
  mean: (mean) => mean,
  /** Independent Thompson sampling (White et al. 2021, BANANAS). */
  thompson: (mean, deviation, _, normal) => mean + deviation * normal(),
} satisfies Record<string, Acquisition>;
