import { writeFile } from 'node:fs/promises';
import type { LatencyCalibration } from '../../device/predict/calibration-file.ts';
import { EXIT, fail } from '../../errors.ts';
import { loadSpace } from '../../search/load-space.ts';
import { parseDuration } from '../../search/quantity.ts';
import { VERSION } from '../../version.ts';
import { type AddCommand, examples } from '../command.ts';
import { tableLines } from '../table.ts';
import { print } from '../terminal.ts';

interface CalibrateFlags {
  readonly out: string;
  readonly time: string;
  readonly threads: string;
  readonly input: string;
  readonly space: readonly string[];
  readonly seed: string;
  readonly int8?: boolean;
  readonly json?: boolean;
}

const SPACES = ['mobile', 'nasbench201', 'residual'];
const CLASSES = 10;
/** Networks between two lines of progress. */
const PROGRESS = 50;

export const addDeviceCalibrate: AddCommand = (device, { terminal, signal }, finish) => {
  device
    .command('calibrate')
    .summary('learn to predict the latency of networks on this machine')
    .description(
      'Times random networks of some spaces here, in several rounds, and fits a predictor of latency with intervals to ' +
        'them. The file can be copied and shared; `device predict` reads it. Leave the machine alone meanwhile. Ctrl-C ' +
        'ends it without a file.',
    )
    .option('--out <file>', 'where the calibration is written', 'latency.json')
    .option('--time <duration>', 'how long networks are timed', '8m')
    .option('--threads <n>', 'threads of the engine', '1')
    .option('--input <shape>', 'the size of the images, channels x height x width', '3x32x32')
    .option('--seed <seed>', 'which networks are drawn', '0')
    .option('--int8', 'calibrate for quantised networks')
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
        'device calibrate --out board-int8.json --int8 --time 5m',
        'device calibrate --space ./my-space.ts --input 1x28x28',
      ),
    )
    .action(async (flags: CalibrateFlags) => {
      const threads = Number(flags.threads);
      if (!Number.isInteger(threads) || threads < 1)
        fail('USAGE', {
          what: `--threads ${flags.threads}: not a number of threads`,
          hint: 'Write for example --threads 2.',
        });
      const inputShape = readInput(flags.input);
      const seconds = parseDuration(flags.time);
      const names = flags.space.length > 0 ? flags.space : SPACES;
      const spaces = await Promise.all(names.map((name) => loadSpace(name)));
      const { calibrateLatency } = await import('../../device/predict/calibrate.ts');
      const { describeMachine } = await import('../../device/machine.ts');
      const prepare = flags.int8 ? await quantiser() : undefined;
      const { model, networks } = await calibrateLatency({
        spaces,
        io: { inputShape, outputs: CLASSES },
        threads,
        seconds,
        seed: flags.seed,
        signal,
        ...(prepare && { prepare }),
        onTimed: ({ round, rounds, networks: count, secondsLeft }) => {
          if (count % PROGRESS === 0 && !flags.json)
            terminal.stderr.write(
              `round ${round} of ${rounds}: ${count} networks, ${Math.ceil(secondsLeft)} s left\n`,
            );
        },
      });
      const calibration: LatencyCalibration = {
        format: 'espalier-latency-1',
        machine: describeMachine().processor,
        provider: 'cpu',
        threads,
        precision: flags.int8 ? 'int8' : 'float',
        version: VERSION,
        spaces: [...names],
        inputShape: [...inputShape],
        networks,
        model: structuredClone(model) as LatencyCalibration['model'],
      };
      await writeFile(flags.out, `${JSON.stringify(calibration)}\n`).catch((cause: Error) =>
        fail('USAGE', { what: `${flags.out}: cannot be written`, hint: cause.message }, cause),
      );
      const { relativeError, confidence } = model;
      if (flags.json)
        print(terminal, JSON.stringify({ file: flags.out, networks, relativeError, confidence }));
      else
        print(
          terminal,
          ...tableLines([
            ['file', flags.out],
            ['networks', String(networks)],
            ['interval', `±${(100 * relativeError).toFixed(1)} % holds ${100 * confidence} % of networks`],
          ]),
        );
      finish(EXIT.ok);
    });
};

function readInput(text: string): readonly [number, number, number] {
  const [channels, height, width] = /^\d+x\d+x\d+$/.test(text) ? text.split('x').map(Number) : [];
  if (channels && height && width) return [channels, height, width];
  return fail('USAGE', {
    what: `--input ${text}: not the size of images`,
    hint: 'Write channels, height and width, for example --input 3x32x32.',
  });
}

/** Ranges come from noise: they do not change how long a model takes. */
async function quantiser() {
  const { quantise } = await import('../../quantisation/quantise.ts');
  const { exampleFeeds } = await import('../../device/example-feeds.ts');
  return async (model: Parameters<typeof quantise>[0]) => {
    const { feeds } = exampleFeeds(
      model.graph.inputs.map(({ name, dtype, shape }) => ({ name, type: dtype, shape })),
    );
    return (await quantise(model, [feeds], { method: 'minMax', biasCorrection: false })).model;
  };
}
