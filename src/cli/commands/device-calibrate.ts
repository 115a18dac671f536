import { writeFile } from 'node:fs/promises';
import type { LatencyCalibration, Precision } from '../../device/predict/calibration-file.ts';
import { EXIT, fail } from '../../errors.ts';
import { parseDuration } from '../../search/quantity.ts';
import { VERSION } from '../../version.ts';
import { type AddCommand, examples } from '../command.ts';
import { tableLines } from '../table.ts';
import { print } from '../terminal.ts';
import { placeOf, progressLines, randomModels, readThreads } from './calibration-setting.ts';

interface CalibrateFlags {
  readonly out: string;
  readonly time: string;
  readonly threads: string;
  readonly input: string;
  readonly space: readonly string[];
  readonly seed: string;
  readonly device?: string;
  readonly int8?: boolean;
  readonly json?: boolean;
}

const SPACES = ['mobile', 'nasbench201', 'residual', 'repvgg'];

export const addDeviceCalibrate: AddCommand = (device, { terminal, signal }, finish) => {
  device
    .command('calibrate')
    .summary('learn to predict the latency of networks on this machine, or on a device')
    .description(
      'Times random networks of some spaces, in several rounds, and fits a predictor of latency with intervals to ' +
        'them. The file can be copied and shared; `device predict`, `device check` and `search --device` read it. ' +
        'Leave the machine alone meanwhile. Ctrl-C ends it without a file.',
    )
    .option('--out <file>', 'where the calibration is written', 'latency.json')
    .option('--time <duration>', 'how long networks are timed', '9m')
    .option('--threads <n>', 'threads of the engine', '1')
    .option('--input <shape>', 'the size of the images, channels x height x width', '3x32x32')
    .option('--seed <seed>', 'which networks are drawn', '0')
    .option('--int8', 'for quantised networks too: each has half of the time')
    .option(
      '--device <address>',
      'calibrate what answers there (`device serve`, `device page`), not this machine',
    )
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
      const seconds = parseDuration(flags.time) / precisions.length;
      const names = flags.space.length > 0 ? flags.space : SPACES;
      const { calibrateLatency } = await import('../../device/predict/calibrate.ts');
      const { timer, description, measuredWith } = await placeOf(flags.device, threads, signal);
      const models: LatencyCalibration['models'] = {};
      for (const precision of precisions) {
        const model = await calibrateLatency({
          models: await randomModels(names, inputShape, precision),
          timer,
          seconds,
          seed: flags.seed,
          signal,
          ...(!flags.json && { onTimed: progressLines(terminal, precision) }),
        });
        models[precision] = structuredClone(model) as NonNullable<LatencyCalibration['models'][Precision]>;
      }
      const calibration: LatencyCalibration = {
        format: 'espalier-latency-1',
        machine: description.device,
        runtime: description.runtime,
        ...measuredWith(),
        version: VERSION,
        spaces: [...names],
        inputShape,
        models,
      };
      await writeFile(flags.out, `${JSON.stringify(calibration)}\n`).catch((cause: Error) =>
        fail('USAGE', { what: `${flags.out}: cannot be written`, hint: cause.message }, cause),
      );
      const found = precisions.map((precision) => ({ precision, ...models[precision]! }));
      if (flags.json)
        print(
          terminal,
          JSON.stringify({
            file: flags.out,
            ...measuredWith(),
            models: found.map(({ precision, networks, refused, relativeError, confidence, drift, free }) => ({
              precision,
              networks,
              refused,
              relativeError,
              confidence,
              drift,
              free,
            })),
          }),
        );
      else
        print(
          terminal,
          ...tableLines([
            ['file', flags.out],
            ['measured with', `provider ${measuredWith().provider}, ${measuredWith().threads} threads`],
            ...found.flatMap(({ precision, networks, refused, relativeError, confidence, drift, free }) => [
              [
                precision,
                `${networks} networks${refused > 0 ? `, ${refused} refused` : ''}; ±${(100 * relativeError).toFixed(1)} % holds ${100 * confidence} % of networks, a drift of ${(100 * drift).toFixed(1)} % between sessions included`,
              ],
              ...(free.length > 0 ? [['fused', free.map((kind) => `${kind}: free`).join('; ')]] : []),
            ]),
          ]),
        );
      finish(EXIT.ok);
    });
};

function readInput(text: string): LatencyCalibration['inputShape'] {
  const [channels, height, width] = /^\d+x\d+x\d+$/.test(text) ? text.split('x').map(Number) : [];
  if (channels && height && width) return [channels, height, width];
  return fail('USAGE', {
    what: `--input ${text}: not the size of images`,
    hint: 'Write channels, height and width, for example --input 3x32x32.',
  });
}
