import { PRECISIONS, readCalibration } from '../../device/predict/calibration-file.ts';
import type { CalibrationCheck } from '../../device/predict/check.ts';
import { EXIT, fail } from '../../errors.ts';
import { type AddCommand, examples } from '../command.ts';
import { tableLines } from '../table.ts';
import { print } from '../terminal.ts';
import { placeOf, progressLines, randomModels } from './calibration-setting.ts';

interface CheckFlags {
  readonly networks: string;
  readonly seed: string;
  readonly device?: string;
  readonly json?: boolean;
}

/** Long enough for any number of networks: rounds end when all are timed. */
const SECONDS = 24 * 3600;

export const addDeviceCheck: AddCommand = (device, { terminal, signal }, finish) => {
  device
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
    .option('--seed <seed>', 'which networks are drawn', '0')
    .option('--device <address>', 'time them there')
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
      const { timer } = await placeOf(flags.device, calibration.threads, signal);
      for (const precision of PRECISIONS.filter((name) => calibration.models[name])) {
        const found = await checkCalibration(calibration, precision, {
          models: await randomModels(calibration.spaces, calibration.inputShape, precision),
          timer,
          seconds: SECONDS,
          networks,
          seed: flags.seed,
          signal,
          ...(!flags.json && {
            onTimed: ({ secondsLeft: _, ...progress }) => progressLines(terminal, precision)(progress),
          }),
        });
        if (flags.json) print(terminal, JSON.stringify({ precision, ...found }));
        else
          print(
            terminal,
            ...tableLines([
              ['precision', precision],
              ['networks', String(found.networks)],
              ['within ±10 %', percent(found.withinTenPercent)],
              ['rank correlation', found.rankCorrelation.toFixed(3)],
              ['in the interval', `${percent(found.coverage)} (stated: ${percent(found.confidence)})`],
              ['bias', percent(found.bias)],
              [
                'one prediction',
                `${found.predictMs.p50.toFixed(2)} ms from the network (p95: ${found.predictMs.p95.toFixed(2)} ms)`,
              ],
              ...(found.refused > 0 ? [['refused', `${found.refused} networks`]] : []),
              ...bySpace(found),
              ['verdict', found.missed.length === 0 ? 'as it should be' : 'not as it should be:'],
            ]),
            ...found.missed.map((text) => `  ${text}`),
          );
      }
      finish(EXIT.ok);
    });
};

/** A line for each space, where there are several. */
function bySpace({ spaces }: CalibrationCheck): string[][] {
  const rows = Object.entries(spaces);
  if (rows.length < 2) return [];
  return rows.map(([name, { networks, withinTenPercent, rankCorrelation, coverage, bias }]) => [
    name,
    `${networks} networks, ${percent(withinTenPercent)} within ±10 %, rank ${rankCorrelation.toFixed(3)}, ${percent(coverage)} in the interval, bias ${percent(bias)}`,
  ]);
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
