/** A device that is not there: its calibration stands in for it. */

import { fail } from '../../errors.ts';
import { decodeModel } from '../../onnx/decode.ts';
import { DEVICE_PROTOCOL } from '../remote/contract.ts';
import type { LatencyDevice } from '../remote/device.ts';
import { calibrationAt } from './calibration-file.ts';
import { predictModel } from './predict-model.ts';

/** An address without a protocol that ends in .json. */
export const isCalibrationPath = (address: string): boolean =>
  !/^https?:/i.test(address) && address.endsWith('.json');

/** @param path of a calibration */
export function calibratedDevice(path: string): LatencyDevice {
  const calibration = () => calibrationAt(path);
  return {
    describe: async () => {
      const { version, machine, runtime, provider, threads } = await calibration();
      return {
        protocol: DEVICE_PROTOCOL,
        version,
        device: `${machine}, predicted from a calibration`,
        runtime,
        providers: [provider],
        threads,
        maxModelBytes: Number.MAX_SAFE_INTEGER,
        memory: false,
      };
    },
    /** The interval is the prediction's. */
    measure: async (bytes) => {
      const { ms, lowMs, highMs, unknown } = predictModel(await calibration(), decodeModel(bytes));
      if (unknown.length > 0)
        fail('DEVICE_MODEL', {
          device: path,
          reason: `it was never calibrated with ${unknown.join(', ')}`,
          hint: 'Calibrate the device with the space that is searched: `espalier device calibrate --space …`.',
        });
      return { p50Ms: ms, lowMs, highMs, trusted: true, memory: null, reference: null };
    },
  };
}
