/** What can be measured: names, units, and which way is better. */
import { deviceOf, MEASURES_ON_DEVICES } from '../device/remote/measure-name.ts';
import { fail } from '../errors.ts';
import { didYouMean } from '../nearest.ts';
import type { Constraint, Measures, Objective } from './trial.ts';

export interface MeasureInfo {
  readonly label: string;
  readonly unit: '' | 'share' | 'ms' | 'bytes' | 's' | 'nats' | '1/s';
  readonly better: 'higher' | 'lower';
  /** Known from the network alone, before anything runs. */
  readonly known: boolean;
}

export const MEASURES = {
  valAccuracy: { label: 'validation accuracy', unit: 'share', better: 'higher', known: false },
  testAccuracy: { label: 'test accuracy', unit: 'share', better: 'higher', known: false },
  valLoss: { label: 'validation loss', unit: 'nats', better: 'lower', known: false },
  latencyMs: { label: 'latency (median, batch 1)', unit: 'ms', better: 'lower', known: false },
  latencyLowMs: { label: 'latency, lower end of the interval', unit: 'ms', better: 'lower', known: false },
  latencyHighMs: { label: 'latency, upper end of the interval', unit: 'ms', better: 'lower', known: false },
  latencyTrusted: {
    label: 'latency can be trusted (1) or not (0)',
    unit: '',
    better: 'higher',
    known: false,
  },
  latencyDrift: { label: 'drift of the machine meanwhile', unit: 'share', better: 'lower', known: false },
  int8ValAccuracy: { label: 'validation accuracy in 8 bits', unit: 'share', better: 'higher', known: false },
  int8TestAccuracy: { label: 'test accuracy in 8 bits', unit: 'share', better: 'higher', known: false },
  int8LatencyMs: { label: 'latency in 8 bits (median, batch 1)', unit: 'ms', better: 'lower', known: false },
  int8SizeBytes: { label: 'model file in 8 bits', unit: 'bytes', better: 'lower', known: false },
  params: { label: 'parameters', unit: '', better: 'lower', known: true },
  macs: { label: 'multiply-accumulates', unit: '', better: 'lower', known: true },
  trainingMacs: { label: 'multiply-accumulates while it trains', unit: '', better: 'lower', known: true },
  memoryBytes: { label: 'peak activation memory', unit: 'bytes', better: 'lower', known: true },
  sizeBytes: { label: 'model file', unit: 'bytes', better: 'lower', known: false },
  trainSeconds: { label: 'training time', unit: 's', better: 'lower', known: false },
  peakMemoryBytes: { label: 'peak memory of an inference', unit: 'bytes', better: 'lower', known: false },
  trainingMemoryBytes: { label: 'memory of the training', unit: 'bytes', better: 'lower', known: false },
  epochs: { label: 'epochs', unit: '', better: 'lower', known: false },
  imagesPerSecond: { label: 'training speed', unit: '1/s', better: 'higher', known: false },
} as const satisfies Record<string, MeasureInfo>;

const BY_NAME: Readonly<Record<string, MeasureInfo>> = MEASURES;

/** @throws USAGE when there is no such measure */
export function measureInfo(name: string): MeasureInfo {
  const { measure, device } = deviceOf(name);
  const info = Object.hasOwn(BY_NAME, measure) ? BY_NAME[measure] : undefined;
  if (info !== undefined && device === null) return info;
  if (info !== undefined && device && MEASURES_ON_DEVICES.some((known) => known === measure))
    return { ...info, label: `${info.label} on ${device}` };
  return fail('USAGE', {
    what: `There is no measure "${name}"`,
    hint: `${didYouMean(measure, Object.keys(MEASURES))} Use one of ${Object.keys(MEASURES).join(', ')}; on a device that --device names: ${MEASURES_ON_DEVICES.map((known) => `${known}@NAME`).join(', ')}.`.trim(),
  });
}

/** Objective values of a candidate, signs turned so that more is better; null when one is missing or not finite. */
export function objectiveValues(objectives: readonly Objective[], measures: Measures): number[] | null {
  const values = objectives.map(
    (o) => (o.direction === 'maximise' ? 1 : -1) * (measures[o.measure] ?? Number.NaN),
  );
  return values.every(Number.isFinite) ? values : null;
}

/** Constraints that these measures break. A measure that is not there breaks nothing. */
export function broken(constraints: readonly Constraint[], measures: Measures): Constraint[] {
  return constraints.filter((c) => (measures[c.measure] ?? Number.NEGATIVE_INFINITY) > c.max);
}

/** By how much measures break the constraints: Σ ln(measure/max) over the broken ones; 0 when all hold (Deb 2000). */
export const violationOf = (constraints: readonly Constraint[], measures: Measures): number =>
  broken(constraints, measures).reduce((sum, c) => sum + Math.log(measures[c.measure]! / c.max), 0);

/**
 * How near measures are to the nearest bound: the largest ln(measure/max), negative when all hold; null when none of the
 * bounded measures is there.
 */
export function marginOf(constraints: readonly Constraint[], measures: Measures): number | null {
  const margins = constraints.flatMap((c) => {
    const value = measures[c.measure];
    return value === undefined || !(value > 0) || !Number.isFinite(c.max) ? [] : [Math.log(value / c.max)];
  });
  return margins.length === 0 ? null : Math.max(...margins);
}
