/** Whether the figures of a file agree with each other: intervals with counts, percentiles with their order. */
import { accuracyInterval } from '../model-figures.ts';
import type { AccuracyEntry, LatencyEntry } from '../model-metadata.ts';
import { agrees, type Check, disagrees } from './check.ts';

/** Figures may have been rounded to ten digits on their way. */
const ROUNDING = 1e-9;

type Part = readonly [accuracy: number | null, count: number | undefined, interval: readonly number[] | null];

export const checkIntervals: Check = ({ metadata }) => {
  if (metadata === null) return null;
  const { accuracy, latency } = metadata;
  const wrong: string[] = [];
  let count = 0;
  for (const precision of ['float', 'int8'] as const) {
    const where = precision === 'float' ? 'in float' : 'in 8 bits';
    for (const [name, part] of Object.entries(accuracyParts(accuracy[precision]))) {
      const mistake = mistakeInAccuracy(part);
      if (mistake !== null) wrong.push(`the ${name} accuracy ${where}: ${mistake}`);
      if (part[2] !== null) count++;
    }
    const times = latency[precision];
    if (!times) continue;
    count++;
    if (!ascending(times)) wrong.push(`the latency ${where}: its percentiles are not in order`);
  }
  if (wrong.length > 0) return disagrees(wrong.join('; '));
  return count === 0 ? null : agrees(`${count} intervals follow from the figures that they are of`);
};

function accuracyParts(entry: AccuracyEntry | undefined): Record<string, Part> {
  if (entry === undefined) return {};
  const { val, valCount, valInterval, test, testCount, testInterval } = entry;
  return { validation: [val, valCount, valInterval ?? null], test: [test, testCount, testInterval] };
}

function mistakeInAccuracy([accuracy, count, interval]: Part): string | null {
  if (accuracy === null || interval === null || count === undefined) return null;
  const hits = accuracy * count;
  if (Math.abs(hits - Math.round(hits)) > ROUNDING * Math.max(1, count))
    return `${accuracy} is no share of ${count} images`;
  const wanted = accuracyInterval(accuracy, count);
  return wanted.some((end, i) => Math.abs(end - interval[i]!) > ROUNDING)
    ? `its interval is ${interval.join(' to ')}, and ${accuracy} of ${count} images gives ${wanted.join(' to ')}`
    : null;
}

function ascending({ medianMs, lowMs, highMs, quantilesMs: q }: LatencyEntry): boolean {
  const inOrder = (values: readonly number[]): boolean =>
    values.every((value, i) => i === 0 || value >= values[i - 1]!);
  return (
    inOrder([lowMs, medianMs, highMs]) && (q === undefined || inOrder([q.p5, q.p25, q.p50, q.p75, q.p95]))
  );
}
