import {
  type LatencyCalibration,
  PRECISIONS,
  type Precision,
  readCalibration,
} from '../../device/predict/calibration-file.ts';
import type { Agreement, CalibrationCheck } from '../../device/predict/check.ts';
import { speedInWords } from '../../device/predict/landmarks.ts';
import { EXIT, fail } from '../../errors.ts';
import { numberOf } from '../../report/format.ts';
import { type AddCommand, examples } from '../command.ts';
import { tableLines } from '../table.ts';
import { print } from '../terminal.ts';
import { addPlaceFlags, type Place, type PlaceFlags, timingAt, waysOf } from './calibration-setting.ts';

interface CheckFlags extends PlaceFlags {
  readonly networks: string;
  readonly seed: string;
  readonly json?: boolean;
}

/** Long enough for any number of networks: rounds end when all are timed. */
const SECONDS = 24 * 3600;

export const addDeviceCheck: AddCommand = (device, context, finish) => {
  const command = device
    .command('check')
    .summary('how true a calibration is: new random networks, predicted and then timed')
    .description(
      'Draws networks of the calibrated spaces that the calibration has not seen, times them here (or on a device), and ' +
        'says how many were predicted within ±10 % and how many lie in the stated interval. The verdict is against 95 % ' +
        'within ±10 %, a rank correlation of .97, the stated share in the interval, and 1 ms for a prediction. The exit ' +
        'code is 0 whatever it is.',
    )
    .argument('<calibration>', 'what `device calibrate` wrote')
    .option('--networks <n>', 'how many', '200')
    .option('--seed <seed>', 'which networks are drawn', '0');
  addPlaceFlags(command, 'time them there')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      examples('device check latency.json', 'device check board.json --networks 50 --seed 7 --json'),
    )
    .action(async (path: string, flags: CheckFlags) => {
      const networks = Number(flags.networks);
      if (!Number.isInteger(networks) || networks < 2)
        fail('USAGE', {
          what: `--networks ${flags.networks}: not a number from 2`,
          hint: 'Write for example --networks 50.',
        });
      const calibration = await readCalibration(path);
      const { checkCalibration } = await import('../../device/predict/check.ts');
      const ways = await waysOf(calibration);
      const precisions = PRECISIONS.filter((name) => ways[name]);
      const setting = { flags, threads: calibration.threads, title: precisions.join(' and '), context };
      const { checks, machines } = await timingAt(setting, async (place, onTimed) => ({
        checks: await checkCalibration(calibration, {
          ...{ ways, timer: place.timer, seconds: SECONDS, networks, seed: flags.seed },
          ...{ signal: context.signal, onTimed },
        }),
        machines: machinesOf(calibration, place),
      }));
      for (const precision of precisions) {
        const found = checks[precision]!;
        if (flags.json) print(context.terminal, JSON.stringify({ precision, ...found, ...machines }));
        else print(context.terminal, ...checkLines(precision, found, machines));
      }
      finish(EXIT.ok);
    });
};

/** In words, what `--json` tells in one object. */
function checkLines(
  precision: Precision,
  found: CalibrationCheck,
  { calibratedOn, timedOn }: ReturnType<typeof machinesOf>,
): string[] {
  return [
    ...tableLines([
      ['precision', precision],
      ['calibrated on', calibratedOn],
      ...(timedOn === calibratedOn ? [] : [['timed on', `${timedOn}, which is not the same`]]),
      ['networks', String(found.networks)],
      ['within ±10 %', percent(found.withinTenPercent)],
      ['rank correlation', rank(found)],
      ['in the interval', `${percent(found.coverage)} (stated: ${percent(found.confidence)})`],
      ['bias', percent(found.bias)],
      ...speedOf(found),
      [
        'one prediction',
        `${found.predictMs.p50.toFixed(2)} ms from the network (p95: ${found.predictMs.p95.toFixed(2)} ms)`,
      ],
      ...(found.refused > 0 ? [['refused', `${found.refused} networks`]] : []),
      ...bySpace(found),
      ['verdict', found.missed.length === 0 ? 'as it should be' : 'not as it should be:'],
    ]),
    ...found.missed.map((text) => `  ${text}`),
  ];
}

/** Landmarks tell a slower machine from a wrong prediction. */
function speedOf({ slowness, withinAtSpeed }: CalibrationCheck): string[][] {
  if (slowness === null || withinAtSpeed === null) return [];
  const told = `${numberOf(slowness.networks, 'network')} of the calibration timed again`;
  return [
    ['machine today', `${speedInWords(slowness)} (${told})`],
    ['at that speed', `${percent(withinAtSpeed)} within ±10 %`],
  ];
}

/** A line for each space, where there are several. */
function bySpace({ spaces }: CalibrationCheck): string[][] {
  const rows = Object.entries(spaces);
  if (rows.length < 2) return [];
  return rows.map(([name, found]) => [
    name,
    `${numberOf(found.networks, 'network')}, ${percent(found.withinTenPercent)} within ±10 %, rank ${rank(found)}, ${percent(found.coverage)} in the interval, bias ${percent(found.bias)}`,
  ]);
}

const rank = ({ rankCorrelation }: Agreement): string => rankCorrelation?.toFixed(3) ?? '–';

/** In words: a calibration is true of one machine, runtime, provider and number of threads. */
function machinesOf(
  { machine, runtime, provider, threads }: LatencyCalibration,
  { description, measuredWith }: Place,
): { readonly calibratedOn: string; readonly timedOn: string } {
  const timed = description.device;
  // Over the network a machine also tells of its cores and its system.
  const isSame = timed.startsWith(`${machine}, `) || machine.startsWith(`${timed}, `);
  const words = (name: string, engine: string, by: string, count: number): string =>
    `${name}, ${engine}, provider ${by}, ${numberOf(count, 'thread')}`;
  const now = measuredWith();
  return {
    calibratedOn: words(machine, runtime, provider, threads),
    timedOn: words(isSame ? machine : timed, description.runtime, now.provider, now.threads),
  };
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
