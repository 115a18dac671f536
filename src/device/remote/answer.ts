/** From what was measured to the message of it; here and in a browser. */
import type { Tensor } from '../../onnx/model.ts';
import type { SessionMeasurement } from '../measure-session.ts';
import { DEVICE_PROTOCOL, MAX_OUTPUT_VALUES } from './contract.ts';
import type { DeviceDescription, DeviceMeasurement } from './wire.ts';

export interface Answered {
  readonly description: DeviceDescription;
  readonly modelDigest: string;
  readonly modelBytes: number;
  readonly measured: Omit<SessionMeasurement, 'wide' | 'outputs' | 'p5Ms' | 'p25Ms' | 'p75Ms'>;
  readonly provider: string;
  readonly threads: number;
  readonly memory: DeviceMeasurement['memory'];
  readonly doubts: readonly string[];
  /** Null: not asked for. */
  readonly outputs: Readonly<Record<string, Tensor>> | null;
}

export function answerOf(request: Answered): DeviceMeasurement {
  const { description, measured, outputs, doubts, ...rest } = request;
  const { version, device, runtime } = description;
  const { p50Ms, p95Ms, lowMs, highMs, runs, averagedOver, inputs, assumed, reference } = measured;
  return {
    protocol: DEVICE_PROTOCOL,
    version,
    device,
    runtime,
    ...rest,
    p50Ms,
    p95Ms,
    lowMs,
    highMs,
    runs,
    averagedOver,
    inputs: Object.fromEntries(Object.entries(inputs).map(([name, shape]) => [name, [...shape]])),
    assumed: [...assumed],
    reference,
    trusted: doubts.length === 0,
    doubts: [...doubts],
    ...(outputs !== null && { outputs: outputsOf(outputs) }),
  };
}

/** The first values of each output, as many as a message carries. */
export function outputsOf(
  outputs: Readonly<Record<string, Tensor>>,
): NonNullable<DeviceMeasurement['outputs']> {
  return Object.fromEntries(
    Object.entries(outputs).map(([name, { shape, data }]) => [
      name,
      { shape: [...shape], data: Array.from(data.slice(0, MAX_OUTPUT_VALUES), Number) },
    ]),
  );
}
