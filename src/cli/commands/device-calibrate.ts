import { isCalibrationPath } from '../../device/predict/calibrated-device.ts';
import {
  FORMAT,
  formatCalibration,
  type LatencyCalibration,
  PRECISIONS,
  type Precision,
} from '../../device/predict/calibration-file.ts';
import { checkPlace, writeWhole } from '../../disk.ts';
import { EXIT, fail } from '../../errors.ts';
import { numberOf } from '../../report/format.ts';
import { parseDuration } from '../../search/quantity.ts';
import { VERSION } from '../../version.ts';
import { type AddCommand, examples, OVERWRITE } from '../command.ts';
import { tableLines } from '../table.ts';
import { print } from '../terminal.ts';
import {
  addPlaceFlags,
  type PlaceFlags,
  randomModels,
  readThreads,
  timingAt,
} from './calibration-setting.ts';

interface CalibrateFlags extends PlaceFlags {
  readonly out: string;
  readonly overwrite?: boolean;
  readonly time: string;
  readonly threads: string;
  readonly input: string;
  readonly space: readonly string[];
  readonly seed: string;
  readonly int8?: boolean;
  readonly json?: boolean;
}

/** An interval wider than this says that little was learnt. */
const USEFUL = 0.15;
const DOUBT =
  'the interval is wide: too few networks, or the machine was busy. Give more --time, and leave the machine alone meanwhile';
const SPACES = ['mobile', 'nasbench201', 'residual', 'repvgg'];

export const addDeviceCalibrate: AddCommand = (device, context, finish) => {
  const { terminal, signal } = context;
  const command = device
    .command('calibrate')
    .summary('learn to predict the latency of networks on this machine, or on a device')
    .description(
      'Times random networks of some spaces, in several rounds, and fits a predictor of latency with intervals to ' +
        'them. The file can be copied and shared; `device predict`, `device check` and `search --device` read it. ' +
        'Leave the machine alone meanwhile. Ctrl-C ends it without a file. A device that does not answer is asked again; ' +
        'when it is lost, what was timed until then is kept if it suffices (40 networks), and the exit code is 7.',
    )
    .option('--out <file>', 'where the calibration is written', 'latency.json')
    .option(...OVERWRITE)
    .option('--time <duration>', 'how long networks are timed', '9m')
    .option('--threads <n>', 'threads of the engine', '1')
    .option('--input <shape>', 'the size of the images, channels x height x width', '3x32x32')
    .option('--seed <seed>', 'which networks are drawn', '0')
    .option('--int8', 'for quantised networks too, which are timed in turns with the others');
  addPlaceFlags(command, 'calibrate what answers there (`device serve`, `device page`), not this machine')
    .option(
      '--space <name>',
      `a space whose networks are to be predicted (may be repeated; ${SPACES.join(', ')} by default)`,
      (text: string, before: readonly string[]) => [...before, text],
      [] as readonly string[],
    )
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      examples(
        'device calibrate',
        'device calibrate --out board.json --int8',
        'device calibrate --space ./my-space.ts --input 1x28x28 --time 5m',
        "device calibrate --out phone.json --device 'http://127.0.0.1:8377/#TOKEN'",
      ),
    )
    .action(async (flags: CalibrateFlags) => {
      const threads = readThreads(flags.threads);
      const inputShape = readInput(flags.input);
      const precisions: readonly Precision[] = flags.int8 ? ['float', 'int8'] : ['float'];
      const seconds = parseDuration(flags.time);
      const names = flags.space.length > 0 ? flags.space : SPACES;
      checkOut(flags.out, flags.overwrite ?? false);
      const { calibrateLatency } = await import('../../device/predict/calibrate.ts');
      const ways = await Promise.all(
        precisions.map((precision) => randomModels(names, inputShape, precision)),
      );
      const setting = { flags, threads, title: precisions.join(' and '), context };
      const { found, lost, description, measured } = await timingAt(setting, async (place, onTimed) => {
        const { models, lost } = await calibrateLatency({
          ...{ ways, timer: place.timer, seconds, seed: flags.seed, signal, onTimed },
        });
        return { found: models, lost, description: place.description, measured: place.measuredWith() };
      }).catch((error: unknown) => {
        if (signal.aborted && !flags.json) terminal.stderr.write('No calibration was written.\n');
        throw error;
      });
      const models: LatencyCalibration['models'] = Object.fromEntries(
        precisions.map((precision, way) => [precision, structuredClone(found[way]!)]),
      );
      const calibration: LatencyCalibration = {
        format: FORMAT,
        machine: description.device,
        runtime: description.runtime,
        ...measured,
        version: VERSION,
        spaces: [...names],
        inputShape,
        models,
      };
      await writeWhole(flags.out, formatCalibration(calibration));
      if (flags.json) print(terminal, JSON.stringify(summaryOf(flags.out, calibration)));
      else print(terminal, ...calibrationLines(flags.out, calibration));
      if (lost !== null)
        fail(
          'CALIBRATION_CUT',
          {
            reason: lost.message,
            path: flags.out,
            held: Object.entries(models)
              .map(([precision, { networks }]) => `${precision}: ${numberOf(networks, 'network')}`)
              .join(', '),
          },
          lost,
        );
      finish(EXIT.ok);
    });
};

const foundIn = ({ models }: LatencyCalibration) =>
  PRECISIONS.flatMap((precision) => {
    const model = models[precision];
    return model === undefined ? [] : [{ precision, ...model }];
  });

function summaryOf(file: string, calibration: LatencyCalibration): object {
  const { provider, threads } = calibration;
  return {
    file,
    provider,
    threads,
    models: foundIn(calibration).map(
      ({ precision, networks, refused, relativeError, confidence, drift, free }) => ({
        ...{ precision, networks, refused, relativeError, confidence, drift, free },
      }),
    ),
  };
}

function calibrationLines(file: string, calibration: LatencyCalibration): string[] {
  const { provider, threads } = calibration;
  return tableLines([
    ['file', file],
    ['measured with', `provider ${provider}, ${numberOf(threads, 'thread')}`],
    ...foundIn(calibration).flatMap(
      ({ precision, networks, refused, relativeError, confidence, drift, free }) => [
        [
          precision,
          `${networks} networks${refused > 0 ? `, ${refused} refused` : ''}; ±${(100 * relativeError).toFixed(1)} % holds ${100 * confidence} % of networks, a drift of ${(100 * drift).toFixed(1)} % between sessions included`,
        ],
        ...(free.length > 0 ? [['costs nothing', free.join(', ')]] : []),
        ...(relativeError > USEFUL ? [['doubt', DOUBT]] : []),
      ],
    ),
  ]);
}

/** Before minutes of timing: whether there will be a file, under a name that it is known by. */
function checkOut(path: string, overwrite: boolean): void {
  if (!isCalibrationPath(path))
    fail('USAGE', {
      what: `--out ${path}: the name does not end in .json`,
      hint: 'Write for example --out board.json: `search --device` takes other names for addresses.',
    });
  checkPlace({ path, overwrite });
}

function readInput(text: string): LatencyCalibration['inputShape'] {
  const [channels, height, width] = /^\d+x\d+x\d+$/.test(text) ? text.split('x').map(Number) : [];
  if (channels && height && width) return [channels, height, width];
  return fail('USAGE', {
    what: `--input ${text}: not the size of images`,
    hint: 'Write channels, height and width, for example --input 3x32x32.',
  });
}
