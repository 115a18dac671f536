import {
  formatCalibration,
  type LatencyCalibration,
  PRECISIONS,
  readCalibration,
} from '../../device/predict/calibration-file.ts';
import { type Slowness, speedInWords } from '../../device/predict/landmarks.ts';
import { writeWhole } from '../../disk.ts';
import { EXIT, fail } from '../../errors.ts';
import { numberOf } from '../../report/format.ts';
import { type AddCommand, examples } from '../command.ts';
import { tableLines } from '../table.ts';
import { print } from '../terminal.ts';
import { addPlaceFlags, type PlaceFlags, timingAt, waysOf } from './calibration-setting.ts';

interface AdjustFlags extends PlaceFlags {
  readonly json?: boolean;
}

/** Rounds end by themselves. */
const SECONDS = 24 * 3600;

export const addDeviceAdjust: AddCommand = (device, context, finish) => {
  const command = device
    .command('adjust')
    .summary('make a calibration predict for the speed that the machine has today')
    .description(
      'Machines are not as fast every day: clocks, neighbours of a virtual machine, heat. Times 24 networks of the ' +
        'calibration again, in each precision, which takes a minute, and writes into the file by how much they are ' +
        'slower or faster; it predicts for that from then on. A run that has begun keeps to the file as it was.',
    )
    .argument('<calibration>', 'what `device calibrate` wrote');
  addPlaceFlags(command, 'time them there')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      examples(
        'device adjust latency.json',
        "device adjust phone.json --device 'http://127.0.0.1:8377/#TOKEN'",
      ),
    )
    .action(async (path: string, flags: AdjustFlags) => {
      const calibration = await readCalibration(path);
      // Told before a minute is spent on it; which of them are known again is only seen then.
      if (Object.values(calibration.models).every(({ landmarks }) => landmarks.length === 0))
        cannotAdjust(path);
      const { adjustCalibration } = await import('../../device/predict/adjust.ts');
      const ways = await waysOf(calibration);
      const title = Object.keys(ways).join(' and ');
      const { models, slowness } = await timingAt(
        { flags, threads: calibration.threads, title, context },
        ({ timer }, onTimed) =>
          adjustCalibration(calibration, { ways, timer, seconds: SECONDS, signal: context.signal, onTimed }),
      );
      if (Object.values(slowness).every((found) => found === null)) cannotAdjust(path);
      await writeWhole(path, formatCalibration({ ...calibration, models }));
      if (flags.json) print(context.terminal, JSON.stringify({ file: path, slowness }));
      else print(context.terminal, ...tableLines([['file', path], ...rowsOf(calibration, slowness)]));
      finish(EXIT.ok);
    });
};

/** @returns for each precision of the file, what was found and whether it is in the file now */
function rowsOf(
  { models }: LatencyCalibration,
  slowness: Readonly<Record<string, Slowness | null | undefined>>,
): string[][] {
  return PRECISIONS.filter((precision) => models[precision]).map((precision) => {
    const found = slowness[precision];
    return [
      precision,
      found
        ? `the machine is ${speedInWords(found)} (${numberOf(found.networks, 'network')} timed again): predicted for so from now on`
        : 'as before: too few of its networks are known again',
    ];
  });
}

const cannotAdjust = (path: string): never =>
  fail('USAGE', {
    what: `${path}: cannot be adjusted, since it does not tell of networks that can be timed again`,
    hint: 'It is of another version of Espalier: make it anew with `espalier device calibrate`.',
  });
