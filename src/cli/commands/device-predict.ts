import { readCalibration } from '../../device/predict/calibration-file.ts';
import { predictAnyModel } from '../../device/predict/predict-any-model.ts';
import { EXIT } from '../../errors.ts';
import { readModelFile } from '../../onnx/read-file.ts';
import { formatMilliseconds } from '../../report/format.ts';
import { type AddCommand, examples } from '../command.ts';
import { tableLines } from '../table.ts';
import { print } from '../terminal.ts';
import { addShapeFlag, readShapes, type ShapeFlags } from './shape-flag.ts';

interface PredictFlags extends ShapeFlags {
  readonly calibration: string;
  readonly json?: boolean;
}

export const addDevicePredict: AddCommand = (device, { terminal }, finish) => {
  const command = device
    .command('predict')
    .summary('the latency of an ONNX model on a calibrated machine, without running it')
    .description(
      'Predicts how long one inference takes on the machine that `device calibrate` was run on. The interval holds for ' +
        'networks of the calibrated spaces; operators that were never calibrated are named and count as nothing.',
    )
    .argument('<model>', 'an .onnx file in its deployed form, as a search exports it')
    .option('--calibration <file>', 'what `device calibrate` wrote', 'latency.json');
  addShapeFlag(command)
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      examples(
        'device predict model.onnx',
        'device predict resnet18.onnx --shape input=1x3x224x224',
        'device predict model.int8.onnx --calibration board.json --json',
      ),
    )
    .action(async (path: string, flags: PredictFlags) => {
      const calibration = await readCalibration(flags.calibration);
      const { machine, runtime, threads } = calibration;
      const { model } = await readModelFile(path);
      const { assumed, ...found } = predictAnyModel(calibration, model, readShapes(flags));
      if (flags.json)
        print(
          terminal,
          JSON.stringify({ model: path, predicted: true, ...found, assumed, machine, runtime, threads }),
        );
      else
        print(
          terminal,
          ...tableLines([
            ['model', path],
            ['predicted', formatMilliseconds(found.ms)],
            [
              'interval',
              `${formatMilliseconds(found.lowMs)} to ${formatMilliseconds(found.highMs)} (${100 * found.confidence} % of the calibrated spaces)`,
            ],
            ['machine', `${machine}, ${threads} thread${threads === 1 ? '' : 's'}, ${found.precision}`],
            ['runtime', runtime],
            ...(assumed.length > 0 ? [['taken as 1', `${assumed.join(', ')}; --shape says otherwise`]] : []),
            ...(found.unknown.length > 0
              ? [['not calibrated', `${found.unknown.join(', ')}; the interval does not hold`]]
              : []),
          ]),
        );
      finish(EXIT.ok);
    });
};
