/** Figures for people: short, with their unit. Used by the report and the terminal. */
import { deviceOf } from '../device/remote/measure-name.ts';

/** `1.23 M`, `45.6 k`, `789`. */
export function formatCount(value: number): string {
  if (!Number.isFinite(value)) return '–';
  for (const [size, suffix] of [
    [1e9, ' G'],
    [1e6, ' M'],
    [1e3, ' k'],
  ] as const)
    if (Math.abs(value) >= size) return `${Number((value / size).toPrecision(3))}${suffix}`;
  return String(Number(value.toPrecision(3)));
}

/** `1.5 GB`, `64 MB`, in powers of 1024 as on the command line. */
export function formatBytes(bytes: number): string {
  if (!Number.isFinite(bytes)) return '–';
  for (const [size, suffix] of [
    [2 ** 30, 'GB'],
    [2 ** 20, 'MB'],
    [2 ** 10, 'KB'],
  ] as const)
    if (bytes >= size) return `${Number((bytes / size).toPrecision(3))} ${suffix}`;
  return `${bytes} B`;
}

/** `1 h 05 min`, `9 min 30 s`, `12 s`, `0.4 s`. */
export function formatSeconds(seconds: number): string {
  if (!Number.isFinite(seconds)) return '–';
  if (seconds < 9.95) return `${Math.max(0, seconds).toFixed(1)} s`;
  const whole = Math.round(seconds);
  const two = (value: number): string => String(value).padStart(2, '0');
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
}

/** A share of 1 as `98.41 %`. */
export const formatPercent = (share: number): string =>
  Number.isFinite(share) ? `${(100 * share).toFixed(2)} %` : '–';

/** `1.23 ms`, `0.045 ms`. */
export const formatMilliseconds = (ms: number): string =>
  Number.isFinite(ms) ? `${ms >= 100 ? ms.toFixed(0) : Number(ms.toPrecision(3))} ms` : '–';

/** `1 trial`, `20 trials`. */
export const numberOf = (value: number, noun: string): string => `${value} ${noun}${value === 1 ? '' : 's'}`;

interface MeasureFormat {
  readonly label: string;
  readonly format: (value: number) => string;
}

const FORMATS: Readonly<Record<string, MeasureFormat>> = {
  valAccuracy: { label: 'validation accuracy', format: formatPercent },
  testAccuracy: { label: 'test accuracy', format: formatPercent },
  int8ValAccuracy: { label: 'validation accuracy in 8 bits', format: formatPercent },
  int8TestAccuracy: { label: 'test accuracy in 8 bits', format: formatPercent },
  int8LatencyMs: { label: 'latency in 8 bits', format: formatMilliseconds },
  int8SizeBytes: { label: 'file size in 8 bits', format: formatBytes },
  valLoss: { label: 'validation loss', format: (value) => value.toFixed(4) },
  latencyMs: { label: 'latency', format: formatMilliseconds },
  latencyLowMs: { label: 'latency, low', format: formatMilliseconds },
  latencyHighMs: { label: 'latency, high', format: formatMilliseconds },
  latencyTrusted: { label: 'latency trusted', format: (value) => (value === 1 ? 'yes' : 'no') },
  latencyDrift: { label: "machine's drift", format: formatPercent },
  peakMemoryBytes: { label: 'peak memory', format: formatBytes },
  params: { label: 'parameters', format: formatCount },
  macs: { label: 'MACs', format: formatCount },
  memoryBytes: { label: 'memory', format: formatBytes },
  sizeBytes: { label: 'file size', format: formatBytes },
  trainSeconds: { label: 'training time', format: formatSeconds },
  epochs: { label: 'epochs', format: (value) => String(value) },
  imagesPerSecond: { label: 'images per second', format: formatCount },
};

/** Of a measure on a device, `latencyMs@phone`, that of the measure. */
const formatOf = (name: string): MeasureFormat | undefined => FORMATS[deviceOf(name).measure];

export function measureLabel(name: string): string {
  const { device } = deviceOf(name);
  const label = formatOf(name)?.label;
  return label === undefined ? name : device === null ? label : `${label} on ${device}`;
}

/** A measure's value with its unit; `–` where it was not measured. */
export const formatMeasure = (measure: string, value: number | undefined): string =>
  value === undefined ? '–' : (formatOf(measure)?.format ?? formatCount)(value);
