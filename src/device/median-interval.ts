/**
 * Median and its confidence interval without any assumption about the distribution.
 *
 * The number of samples below the true median is binomial(n, ½), so two order statistics enclose it with a known
 * probability (Conover, Practical Nonparametric Statistics, 3rd ed., section 3.2). Latencies are skewed and have
 * outliers: means and standard deviations would describe the disturbances.
 */

export interface MedianInterval {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/** Quantile `share` (0..1) of ascending values by the nearest rank: a value that did occur. */
export function quantile(ascending: readonly number[], share: number): number {
  return ascending[Math.max(0, Math.ceil(share * ascending.length) - 1)] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  const ascending = [...values].sort((a, b) => a - b);
  const half = ascending.length >> 1;
  if (ascending.length % 2 === 1) return ascending[half]!;
  return ascending.length === 0 ? Number.NaN : (ascending[half - 1]! + ascending[half]!) / 2;
}

/**
 * How many values may be left out at each end so that the rest still encloses the median with probability `confidence`;
 * -1 when even the extremes do not (for 95 %: fewer than 6 values).
 */
function trimmedRank(count: number, confidence: number): number {
  // P(binomial(n, ½) ≤ k) by its terms; in logarithms, since 2^-n underflows.
  let logTerm = -count * Math.LN2;
  let tail = Math.exp(logTerm);
  let rank = -1;
  for (let k = 0; k < count / 2 && tail <= (1 - confidence) / 2; k++) {
    rank = k;
    logTerm += Math.log((count - k) / (k + 1));
    tail += Math.exp(logTerm);
  }
  return rank;
}

/** The interval that encloses the true median of independent samples with at least `confidence`; infinite for too few. */
export function medianInterval(values: readonly number[], confidence: number): MedianInterval {
  const ascending = [...values].sort((a, b) => a - b);
  const rank = trimmedRank(ascending.length, confidence);
  return {
    median: median(ascending),
    low: rank < 0 ? Number.NEGATIVE_INFINITY : ascending[rank]!,
    high: rank < 0 ? Number.POSITIVE_INFINITY : ascending[ascending.length - 1 - rank]!,
  };
}
