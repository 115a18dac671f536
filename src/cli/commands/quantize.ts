import { readFile } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import type { Command } from 'commander';
import { describeMachine } from '../../device/machine.ts';
import { EXIT, fail } from '../../errors.ts';
import { formatBytes, formatMilliseconds, formatPercent } from '../../report/format.ts';
import { speedUpText } from '../../report/precision-figures.ts';
import type { QuantizeReport } from '../../search/quantize-file.ts';
import type { PairedChange } from '../../task/paired-change.ts';
import { type AddCommand, examples, OVERWRITE } from '../command.ts';
import { tableLines } from '../table.ts';
import { print, styler } from '../terminal.ts';

interface QuantizeFlags {
  readonly data: string;
  readonly method: string;
  readonly rounding: string;
  readonly target: string;
  readonly fineTune: string;
  readonly learningRate?: string;
  readonly maxDrop?: string;
  readonly calibrationImages: string;
  readonly equalise?: boolean;
  readonly biasCorrection: boolean;
  readonly reducedWeights?: boolean;
  readonly keepFloat?: string;
  readonly sensitivity?: boolean;
  readonly mean?: string;
  readonly std?: string;
  readonly labels?: string;
  readonly threads?: string;
  readonly latencyThreads: string;
  readonly seed?: string;
  readonly out?: string;
  readonly overwrite?: boolean;
  readonly json?: boolean;
}

const usage = (what: string, hint: string): never => fail('USAGE', { what, hint });

/** The value of a flag as a number within bounds. */
function number(flag: string, text: string, bounds: { min: number; max: number; whole?: boolean }): number {
  const value = Number(text);
  const fits = text.trim() !== '' && value >= bounds.min && value <= bounds.max;
  if (fits && (!bounds.whole || Number.isInteger(value))) return value;
  const kind = bounds.whole ? 'a whole number' : 'a number';
  return usage(`${flag} ${text}: not ${kind} from ${bounds.min} to ${bounds.max}`, `Correct ${flag}.`);
}

function oneOf<T extends string>(flag: string, text: string, names: readonly T[]): T {
  const found = names.find((name) => name.toLowerCase() === text.toLowerCase());
  return found ?? usage(`${flag} ${text}: there is no such ${flag.slice(2)}`, `Use ${names.join(', ')}.`);
}

const perChannel = (flag: string, text: string | undefined): number[] | null =>
  text === undefined
    ? null
    : text.split(',').map((part) => number(flag, part, { min: flag === '--std' ? 1e-6 : -1e6, max: 1e6 }));

const seedOf = (text: string): number | string => (/^-?\d+$/.test(text) ? Number(text) : text);

function addFlags(command: Command): Command {
  return command
    .requiredOption(
      '--data <data>',
      'images of the classes, as for `search`: to calibrate, to judge, to fine-tune on',
    )
    .option(
      '--method <name>',
      'how ranges of activations are chosen: minMax, percentile, entropy, mse, or auto, the one of them closest to float',
      'auto',
    )
    .option(
      '--rounding <how>',
      'of weights: joint, so that their errors cancel in the outputs, or nearest',
      'joint',
    )
    .option('--target <name>', 'who will run it: onnxruntime or tensorrt', 'onnxruntime')
    .option('--fine-tune <epochs>', 'epochs of quantisation-aware fine-tuning', '0')
    .option('--learning-rate <rate>', 'of the fine-tuning')
    .option(
      '--max-drop <points>',
      'percentage points of validation accuracy that may be lost; layers stay in float for it',
    )
    .option('--calibration-images <n>', 'training images that ranges are measured on', '512')
    .option('--equalise', 'cross-layer equalisation first')
    .option('--no-bias-correction', 'leave out the correction of biases')
    .option('--reduced-weights', '7-bit weights: for x86 processors without VNNI')
    .option('--keep-float <names>', 'layers, or scopes of layers, that stay in float, e.g. stem,head.linear')
    .option('--sensitivity', 'also tell how much the quantisation of each layer alone disturbs the outputs')
    .optionsGroup('Models that Espalier did not make:')
    .option('--mean <list>', 'mean of each channel on the 0..1 scale')
    .option('--std <list>', 'standard deviation of each channel on the 0..1 scale')
    .option('--labels <file>', "the model's labels, one a line in the order of its outputs")
    .optionsGroup('Other:')
    .option('--threads <n>', 'threads to work with; all cores by default')
    .option('--latency-threads <n>', 'threads that latency is measured with', '1')
    .option('--seed <seed>', 'of the splits that are made, and of the fine-tuning')
    .option('--out <file>', 'the quantised model; MODEL.int8.onnx by default')
    .option(...OVERWRITE)
    .option('--json', 'the result as one JSON object');
}

export const addQuantize: AddCommand = (program, { terminal, signal }, finish) => {
  const command = program
    .command('quantize')
    .summary('turn an ONNX classifier into 8-bit integers')
    .description(
      'Quantises an ONNX classifier to 8-bit integers (QDQ), judges both models on the same images, measures both ' +
        'latencies, and says which layers run in integers and which stayed in float and why. Models from elsewhere need ' +
        '--mean and --std where these are not ImageNet’s, and --labels where their classes are in another order.',
    )
    .argument('<model>', 'an .onnx classifier with one image input');
  addFlags(command)
    .addHelpText(
      'after',
      examples(
        'quantize runs/digits/model.onnx --data ./digits',
        'quantize model.onnx --data ./my-images --method entropy --max-drop 0.3',
        'quantize model.onnx --data ./my-images --fine-tune 3 --out small.onnx --json',
        'quantize resnet18.onnx --data ./my-images --mean 0.5,0.5,0.5 --std 0.5,0.5,0.5 --labels labels.txt',
      ),
    )
    .action(async (path: string, flags: QuantizeFlags) => {
      const { quantizeFile } = await import('../../search/quantize-file.ts');
      const { CALIBRATORS } = await import('../../quantisation/calibration/index.ts');
      const { TARGETS } = await import('../../quantisation/targets.ts');
      const names = <T extends object>(table: T) => Object.keys(table) as (keyof T & string)[];
      const json = flags.json ?? false;
      const out = flags.out ?? join(dirname(path), `${basename(path, extname(path))}.int8.onnx`);
      const result = await quantizeFile({
        path,
        out,
        overwrite: flags.overwrite ?? false,
        data: flags.data,
        options: {
          method: oneOf('--method', flags.method, ['auto', ...names(CALIBRATORS)]),
          rounding: oneOf('--rounding', flags.rounding, ['joint', 'nearest']),
          target: oneOf('--target', flags.target, names(TARGETS)),
          equalise: flags.equalise ?? false,
          biasCorrection: flags.biasCorrection,
          reducedWeights: flags.reducedWeights ?? false,
          keepFloat: new Set(flags.keepFloat?.split(',') ?? []),
        },
        fineTuneEpochs: number('--fine-tune', flags.fineTune, { min: 0, max: 10_000, whole: true }),
        learningRate:
          flags.learningRate === undefined
            ? null
            : number('--learning-rate', flags.learningRate, { min: 1e-9, max: 1 }),
        maxDrop:
          flags.maxDrop === undefined
            ? null
            : number('--max-drop', flags.maxDrop, { min: 0, max: 100 }) / 100,
        calibrationImages: number('--calibration-images', flags.calibrationImages, {
          min: 1,
          max: 1e6,
          whole: true,
        }),
        sensitivity: flags.sensitivity ?? false,
        mean: perChannel('--mean', flags.mean),
        std: perChannel('--std', flags.std),
        labels: flags.labels === undefined ? null : await readLabels(flags.labels),
        threads:
          flags.threads === undefined
            ? describeMachine().usableCores
            : number('--threads', flags.threads, { min: 1, max: 1024, whole: true }),
        latencyThreads: number('--latency-threads', flags.latencyThreads, { min: 1, max: 1024, whole: true }),
        seed: flags.seed === undefined ? null : seedOf(flags.seed),
        signal,
        onProgress: progressLines((line) => terminal.stderr.write(`${line}\n`)),
      });
      if (json) print(terminal, JSON.stringify(result));
      else print(terminal, ...reportLines(result, styler(terminal.stdout)));
      finish(signal.aborted ? EXIT.interrupted : EXIT.ok);
    });
};

async function readLabels(path: string): Promise<string[]> {
  const text = await readFile(path, 'utf8').catch((cause: Error) =>
    usage(`--labels ${path}: ${cause.message}`, 'Give a text file with one label a line.'),
  );
  return text.split(/\r?\n/).filter((line) => line !== '');
}

/** A line when a phase begins and at each tenth of it. */
function progressLines(write: (line: string) => void): (phase: string, done: number) => void {
  let last = '';
  return (phase, done) => {
    const line = done === 0 ? phase : `${phase}: ${Math.floor(10 * done) * 10} %`;
    if (line !== last && (done === 0 || done >= 0.1)) write(line);
    last = line;
  };
}

/** Of accuracy. */
const points = (share: number): string => `${share > 0 ? '+' : ''}${(100 * share).toFixed(2)}`;

function reportLines(result: QuantizeReport, style: ReturnType<typeof styler>): string[] {
  const { float, int8, change, latency, kernels } = result;
  const accuracy = (
    label: string,
    a: number | null,
    b: number | null,
    moved: PairedChange | null,
  ): string[][] =>
    a === null || b === null || moved === null
      ? []
      : [[label, formatPercent(a), formatPercent(b), `${points(moved.change)} points`]];
  const shown = result.floatLayers;
  const interval = (share: readonly [number, number] | null): string =>
    share === null ? '' : `${(100 * share[0]).toFixed(2)} to ${(100 * share[1]).toFixed(2)}`;
  const spread = (
    a: readonly [number, number] | null,
    b: readonly [number, number] | null,
    moved: PairedChange | null,
  ): string[][] =>
    a === null || b === null || moved === null
      ? []
      : [['  95 %', interval(a), interval(b), moved.interval.map(points).join(' to ')]];
  return [
    ...tableLines(
      [
        ['', 'float', 'int8', ''].map((head) => style('bold', head)),
        ...accuracy('test accuracy', float.testAccuracy, int8.testAccuracy, change.test),
        ...spread(float.testInterval, int8.testInterval, change.test),
        ...accuracy('validation accuracy', float.valAccuracy, int8.valAccuracy, change.val),
        ...spread(float.valInterval, int8.valInterval, change.val),
        [
          'latency',
          formatMilliseconds(latency.firstMs),
          formatMilliseconds(latency.secondMs),
          speedUpText({ ratio: latency.speedUp, low: latency.low, high: latency.high }),
        ],
        [
          'size',
          formatBytes(float.bytes),
          formatBytes(int8.bytes),
          `${(float.bytes / int8.bytes).toFixed(1)} times smaller`,
        ],
      ],
      'lrrl',
    ),
    '',
    `integer kernels: ${
      Object.entries(kernels.integer)
        .map(([op, count]) => `${count} ${op}`)
        .join(', ') || 'none'
    }`,
    ...(shown.length === 0 ? ['nothing stayed in float'] : ['stayed in float:']),
    ...tableLines(shown.map(({ name, op, reason }) => [`  ${name}`, op, reason])),
    ...sensitivityLines(result.sensitivities),
    ...result.warnings.map((warning) => `${style('yellow', 'warning:')} ${warning}`),
    '',
    `wrote ${result.out}`,
  ];
}

function sensitivityLines(found: QuantizeReport['sensitivities']): string[] {
  if (found === null) return [];
  return [
    'noise in the outputs when a layer alone is quantised, most sensitive first:',
    ...tableLines(
      found.map(({ name, noise }) => [`  ${name}`, `${(100 * noise).toPrecision(3)} %`]),
      'lr',
    ),
  ];
}
