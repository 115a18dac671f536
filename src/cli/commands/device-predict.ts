import { readCalibration } from '../../device/predict/calibration-file.ts';
import { predictModel } from '../../device/predict/predict-model.ts';
import { EspalierError, EXIT } from '../../errors.ts';
import { normaliseModel } from '../../onnx/import/normalise.ts';
import type { OnnxModel } from '../../onnx/model.ts';
import { readModelFile } from '../../onnx/read-file.ts';
import { formatMilliseconds } from '../../report/format.ts';
import { type AddCommand, examples } from '../command.ts';
import { tableLines } from '../table.ts';
import { print } from '../terminal.ts';

interface PredictFlags {
  readonly calibration: string;
  readonly json?: boolean;
}

export const addDevicePredict: AddCommand = (device, { terminal }, finish) => {
  device
    .command('predict')
    .summary('the latency of an ONNX model on a calibrated machine, without running it')
    .description(
      'Predicts how long one inference takes on the machine that `device calibrate` was run on. The interval holds for ' +
        'networks of the calibrated spaces; operators that were never calibrated are named and count as nothing.',
    )
    .argument('<model>', 'an .onnx file in its deployed form, as a search exports it')
    .requiredOption('--calibration <file>', 'what `device calibrate` wrote')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      examples(
        'device predict model.onnx --calibration latency.json',
        'device predict model-int8.onnx --calibration board.json --json',
      ),
    )
    .action(async (path: string, flags: PredictFlags) => {
      const calibration = await readCalibration(flags.calibration);
      const { machine, runtime, threads } = calibration;
      const model = withoutComputedShapes((await readModelFile(path)).model);
      const found = predictModel(calibration, model);
      const assumed = axesWithoutSize(model);
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
            ...(assumed.length > 0 ? [['taken as 1', assumed.join(', ')]] : []),
            ...(found.unknown.length > 0
              ? [['not calibrated', `${found.unknown.join(', ')}; the interval does not hold`]]
              : []),
          ]),
        );
      finish(EXIT.ok);
    });
};

/** Exporters of other tools write shapes as chains of operators; a model of an old operator set is taken as it is. */
function withoutComputedShapes(model: OnnxModel): OnnxModel {
  try {
    return normaliseModel(model);
  } catch (error) {
    if (error instanceof EspalierError && error.code === 'ONNX_READ') return model;
    throw error;
  }
}

/** The batch is not among them: a prediction is for one image. */
const axesWithoutSize = ({ graph }: OnnxModel): string[] =>
  graph.inputs.flatMap(({ name, shape }) =>
    shape.flatMap((axis, i) =>
      i > 0 && typeof axis === 'string' ? [`${name}: ${axis || `axis ${i}`}`] : [],
    ),
  );
