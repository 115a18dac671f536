/** A candidate's latency on other devices, all of them at once. */
import { openDevice } from '../device/open-device.ts';
import type { DeviceFigures, LatencyDevice, MeasureRequest } from '../device/remote/device.ts';
import { onDevice } from '../device/remote/measure-name.ts';
import type { EspalierError } from '../errors.ts';
import type { JobOutcome, TrialDevices } from '../execution/executor.ts';
import type { Measures } from '../study/trial.ts';

export interface DeviceMeasuresRequest {
  readonly devices: TrialDevices;
  readonly threads: number;
  readonly float: Uint8Array;
  /** Null unless candidates are judged in 8 bits; bounds are then for this one. */
  readonly int8: Uint8Array | null;
  readonly signal: AbortSignal;
  /** Told when a device makes trouble and is asked again. */
  readonly onTrouble: (message: string) => void;
}

export interface DeviceMeasures {
  /** Of the devices that gave some. */
  readonly measures: Measures;
  /** A bound that is broken, in words; null: none. */
  readonly over: string | null;
  /** Why a device gave none, in the end; null where all did. */
  readonly error: unknown;
}

/** What a device's error says of the device; undefined where it is the model's own. */
export function deviceTroubleOf({ code }: EspalierError): JobOutcome['deviceTrouble'] {
  if (code === 'DEVICE_UNREACHABLE' || code === 'DEVICE_REFUSED') return 'gone';
  return code === 'DEVICE_ANSWER' ? 'useless' : undefined;
}

const MAX_SECONDS = 3;

/** Never rejects for what a device does. @throws what the signal was aborted with */
export async function deviceMeasures(request: DeviceMeasuresRequest): Promise<DeviceMeasures> {
  const settled = await Promise.allSettled(
    request.devices.targets.map((target) => measuresOn(target, request)),
  );
  request.signal.throwIfAborted();
  const measures: Record<string, number> = {};
  const over: string[] = [];
  let error: unknown = null;
  for (const result of settled) {
    if (result.status === 'rejected') {
      error ??= result.reason;
      continue;
    }
    Object.assign(measures, result.value.measures);
    if (result.value.over !== null) over.push(result.value.over);
  }
  return { measures, over: over[0] ?? null, error };
}

/** Measured once more where the device says that the figure is not to be trusted; its faster moment counts. */
async function steadier(
  device: LatencyDevice,
  model: Uint8Array,
  request: MeasureRequest,
): Promise<DeviceFigures> {
  const first = await device.measure(model, request);
  if (first.trusted) return first;
  const second = await device.measure(model, request);
  const referenceMs = ({ reference }: DeviceFigures): number => reference?.medianMs ?? 0;
  return second.trusted || referenceMs(second) < referenceMs(first) ? second : first;
}

async function measuresOn(
  { name, address, maxMs, memory = false }: TrialDevices['targets'][number],
  { devices, threads, float, int8, signal, onTrouble }: DeviceMeasuresRequest,
): Promise<Pick<DeviceMeasures, 'measures' | 'over'>> {
  const device = openDevice(address, { seconds: devices.patienceSeconds, onTrouble });
  const request = { threads, maxSeconds: MAX_SECONDS, memory, signal };
  // An early end gives a figure that says no more than that the bound is broken: only for what the bound is for.
  const bounded = { ...request, ...(maxMs !== null && { maxMs }) };
  const ofFloat = await steadier(device, float, int8 === null ? bounded : request);
  const ofInt8 = int8 === null ? null : await steadier(device, int8, bounded);
  const judged = ofInt8 ?? ofFloat;
  const latency = judged.p50Ms;
  return {
    measures: {
      [onDevice('latencyMs', name)]: ofFloat.p50Ms,
      [onDevice('latencyLowMs', name)]: ofFloat.lowMs,
      [onDevice('latencyHighMs', name)]: ofFloat.highMs,
      [onDevice('latencyTrusted', name)]: Number(ofFloat.trusted && judged.trusted),
      ...(ofInt8 !== null && { [onDevice('int8LatencyMs', name)]: ofInt8.p50Ms }),
      ...(judged.memory !== null && { [onDevice('peakMemoryBytes', name)]: judged.memory.addedBytes }),
    },
    over:
      maxMs !== null && latency > maxMs
        ? `latency ${latency.toFixed(2)} ms on ${name} is over the bound of ${maxMs} ms`
        : null,
  };
}
