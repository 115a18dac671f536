/** Measures that were taken on another device carry its name: `latencyMs@phone`. */

/** Those that devices give. */
export const MEASURES_ON_DEVICES = [
  'latencyMs',
  'latencyLowMs',
  'latencyHighMs',
  'latencyTrusted',
  'int8LatencyMs',
  'peakMemoryBytes',
] as const;

export const onDevice = (measure: (typeof MEASURES_ON_DEVICES)[number], device: string): string =>
  `${measure}@${device}`;

/** A measure's name without its device, and the device; null: this machine. */
export function deviceOf(name: string): { readonly measure: string; readonly device: string | null } {
  const at = name.indexOf('@');
  return at < 0
    ? { measure: name, device: null }
    : { measure: name.slice(0, at), device: name.slice(at + 1) };
}
