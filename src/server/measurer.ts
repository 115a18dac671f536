/** What stands behind the address of a device: a process of this machine, or a page in a browser. */
import type {
  DeviceDescription,
  DeviceMeasurement,
  DeviceProblem,
  MeasureParameters,
} from '../device/remote/wire.ts';

export interface Measurer {
  /** A problem where nobody could measure just now. */
  describe(): DeviceDescription | DeviceProblem;
  /** One at a time. Never rejects for what model or device do. */
  measure(
    model: Uint8Array,
    parameters: MeasureParameters,
    signal: AbortSignal,
  ): Promise<DeviceMeasurement | DeviceProblem>;
  close(): Promise<void>;
}

export const isProblem = (answer: object): answer is DeviceProblem => 'error' in answer;

export const problem = (
  code: 'DEVICE_UNREACHABLE' | 'DEVICE_ANSWER' | 'DEVICE_REFUSED',
  message: string,
  hint: string,
): DeviceProblem => ({ error: { code, message, hint } });

/** What a measurement may take from the model's arrival: loading, the reference kernel and warm-up come on top. */
export const limitSeconds = ({ maxSeconds }: MeasureParameters): number => 60 + 3 * maxSeconds;
