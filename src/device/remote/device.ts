/** A place where models are measured: a process of this machine, another machine, or a browser. */
import type { DeviceDescription, DeviceMeasurement, MeasureParameters } from './wire.ts';

export interface MeasureRequest extends Partial<MeasureParameters> {
  readonly signal?: AbortSignal;
}

/** What a search wants of a device: who it is, and how long a model takes there. */
export interface LatencyDevice extends Pick<Device, 'describe'> {
  /** @throws as `Device.measure` */
  measure(model: Uint8Array, request: MeasureRequest): Promise<DeviceFigures>;
}

/** What of a measurement becomes measures of a candidate. */
export interface DeviceFigures
  extends Pick<DeviceMeasurement, 'p50Ms' | 'lowMs' | 'highMs' | 'trusted' | 'memory'> {
  /** Null where nothing ran. */
  readonly reference: DeviceMeasurement['reference'] | null;
}

export interface Device {
  /** @throws as `measure` */
  describe(signal?: AbortSignal): Promise<DeviceDescription>;
  /**
   * @param model ONNX bytes
   * @throws DEVICE_UNREACHABLE when nobody answers just now; DEVICE_ANSWER when what comes is of no use; DEVICE_REFUSED
   *   when asking again would not help; DEVICE_MODEL when the model does not run there; what the signal was aborted with
   */
  measure(model: Uint8Array, request: MeasureRequest): Promise<DeviceMeasurement>;
  close(): Promise<void>;
}
