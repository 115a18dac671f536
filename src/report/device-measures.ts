/** Which latencies on other devices there are to show. */
import { deviceOf } from '../device/remote/measure-name.ts';
import type { Measures } from '../study/trial.ts';

/** Medians only: the ends of their intervals stand in trials.json. */
const SHOWN: ReadonlySet<string> = new Set(['latencyMs', 'int8LatencyMs']);

/** Names of measures such as `latencyMs@phone` that any of the candidates has, by device. */
export function deviceMeasures(candidates: readonly { readonly measures: Measures }[]): string[] {
  const names = new Set(candidates.flatMap(({ measures }) => Object.keys(measures)));
  const byDevice = (name: string): string => deviceOf(name).device ?? '';
  return [...names]
    .filter((name) => byDevice(name) !== '' && SHOWN.has(deviceOf(name).measure))
    .sort((a, b) => (byDevice(a) < byDevice(b) ? -1 : byDevice(a) > byDevice(b) ? 1 : b < a ? -1 : 1));
}
