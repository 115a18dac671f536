/** The device behind an address: one that answers over http, or the calibration of one. */
import { calibratedDevice, isCalibrationPath } from './predict/calibrated-device.ts';
import type { LatencyDevice } from './remote/device.ts';
import { httpDevice } from './remote/http-device.ts';
import { type Patience, patientDevice } from './remote/patience.ts';

/** @param address `http://host:port/#TOKEN`, or the path of a calibration. @throws USAGE when it is neither */
export const openDevice = (address: string, patience: Patience): LatencyDevice =>
  isCalibrationPath(address) ? calibratedDevice(address) : patientDevice(httpDevice(address), patience);
