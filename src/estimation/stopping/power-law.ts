/** Extrapolation of learning curves. */
import type { Curve } from './rule.ts';

/** Exponents that are tried: from hardly bent to over after a few epochs. */
const EXPONENTS = [0.25, 0.5, 0.75, 1, 1.5, 2, 3];

/**
 * The value that a curve is heading for at an epoch, by the power law y = a − b·t^−c with b ≥ 0 (pow₃ of Domhan et al.
 * 2015) of least squared error: c from a grid, a and b in closed form. With fewer than three points the last value.
 * @returns 0..1
 */
export function extrapolate(curve: Curve, epoch: number): number {
  const n = curve.length;
  const last = curve[n - 1]!;
  if (n < 3) return last;
  let best = { error: Number.POSITIVE_INFINITY, value: last };
  const meanY = curve.reduce((a, b) => a + b, 0) / n;
  for (const c of EXPONENTS) {
    const x = curve.map((_, i) => (i + 1) ** -c);
    const meanX = x.reduce((a, b) => a + b, 0) / n;
    let [xx, xy] = [0, 0];
    for (let i = 0; i < n; i++) {
      xx += (x[i]! - meanX) ** 2;
      xy += (x[i]! - meanX) * (curve[i]! - meanY);
    }
    const slope = Math.min(0, xy / xx);
    const level = meanY - slope * meanX;
    const error = curve.reduce((sum, y, i) => sum + (y - level - slope * x[i]!) ** 2, 0);
    if (error < best.error) best = { error, value: level + slope * epoch ** -c };
  }
  return Math.min(1, Math.max(0, best.value));
}
