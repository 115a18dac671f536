/** The bounds of a search as the study's constraints. */
import { onDevice } from '../device/remote/measure-name.ts';
import type { Constraint } from '../study/trial.ts';
import type { SearchOptions } from './options.ts';
import type { SearchPlan } from './plan.ts';

/** Bounds of the options as constraints; with a time limit also what the final training can afford. */
export function constraintsOf(options: SearchOptions, plan: SearchPlan): Constraint[] {
  const judged = options.int8 ? 'int8LatencyMs' : 'latencyMs';
  const bounds: readonly (readonly [string, number | null])[] = [
    ['params', options.maxParams],
    ['macs', options.maxMacs],
    ['memoryBytes', options.maxMemoryBytes],
    [options.int8 ? 'int8SizeBytes' : 'sizeBytes', options.maxSizeBytes],
    ['peakMemoryBytes', options.maxPeakMemoryBytes],
    ...Object.entries(options.maxDevicePeakMemoryBytes).map(
      ([device, max]) => [onDevice('peakMemoryBytes', device), max] as const,
    ),
    [judged, options.maxLatencyMs],
    ...Object.entries(options.maxDeviceLatencyMs).map(
      ([device, max]) => [onDevice(judged, device), max] as const,
    ),
    ['trainingMacs', plan.time?.maxMacs ?? null],
  ];
  return bounds.flatMap(([measure, max]) => (max === null ? [] : [{ measure, max }]));
}
