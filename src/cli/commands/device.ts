import { type AddCommand, examples } from '../command.ts';
import { addDeviceAdjust } from './device-adjust.ts';
import { addDeviceCalibrate } from './device-calibrate.ts';
import { addDeviceCheck } from './device-check.ts';
import { addDeviceMeasure } from './device-measure.ts';
import { addDevicePage } from './device-page.ts';
import { addDevicePredict } from './device-predict.ts';
import { addDeviceServe } from './device-serve.ts';

export const addDevice: AddCommand = (program, context, finish) => {
  const device = program
    .command('device')
    .summary('measure models here, on other machines and in browsers')
    .description('Measures models on this machine, on others, and in browsers.')
    .addHelpText(
      'after',
      examples(
        'device measure model.onnx',
        'device calibrate --out latency.json',
        'device predict model.onnx --calibration latency.json',
        'device check latency.json',
        'device adjust latency.json',
        'device serve --host 0.0.0.0',
        'device page --host 0.0.0.0',
        'search ./my-images --device phone=http://127.0.0.1:8377/#TOKEN --objectives valAccuracy,latencyMs@phone',
      ),
    );
  for (const add of [
    addDeviceMeasure,
    addDeviceCalibrate,
    addDevicePredict,
    addDeviceCheck,
    addDeviceAdjust,
    addDeviceServe,
    addDevicePage,
  ])
    add(device, context, finish);
};
