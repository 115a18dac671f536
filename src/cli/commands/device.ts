import type { ModelMeasurement } from '../../device/measure-model.ts';
import { EXIT, fail } from '../../errors.ts';
import { formatBytes, formatMilliseconds } from '../../report/format.ts';
import { parseDuration } from '../../search/quantity.ts';
import { type AddCommand, examples } from '../command.ts';
import { readFileBytes } from '../model-file.ts';
import { tableLines } from '../table.ts';
import { print, styler, type Terminal } from '../terminal.ts';

interface MeasureFlags {
  readonly threads: string;
  readonly shape: readonly string[];
  readonly time: string;
  readonly json?: boolean;
}

const EXAMPLES = examples(
  'device measure model.onnx',
  'device measure resnet18.onnx --threads 2 --shape input=1x3x224x224',
  'device measure model.onnx --json',
);

export const addDevice: AddCommand = (program, { terminal, signal }, finish) => {
  const device = program
    .command('device')
    .summary('measure models on this machine')
    .description('Measures models on this machine.')
    .addHelpText('after', EXAMPLES);
  device
    .command('measure')
    .summary('latency and memory of an ONNX model, and whether the figure can be trusted')
    .description(
      'Measures how long one inference of an ONNX model takes here, from the call to the result. Any model with ' +
        'float32 inputs will do. A fixed convolution is timed in between: when it changes, the machine did, and the ' +
        'figure is not to be trusted. A load that is there from beginning to end shows only in how often it takes the ' +
        'processor away. The exit code is 0 whatever the verdict.',
    )
    .argument('<model>', 'an .onnx file')
    .option('--threads <n>', 'threads of the engine', '1')
    .option(
      '--shape <input=shape>',
      'shape of an input whose axes have no fixed size, which are else taken as 1: input=1x3x32x32 (may be repeated)',
      (text: string, before: readonly string[]) => [...before, text],
      [] as readonly string[],
    )
    .option(
      '--time <duration>',
      'the longest that it measures; it ends as soon as the interval is narrow',
      '10s',
    )
    .option('--json', 'as JSON')
    .addHelpText('after', EXAMPLES)
    .action(async (path: string, flags: MeasureFlags) => {
      const threads = readThreads(flags.threads);
      const shapes = new Map(flags.shape.map(readShape));
      const maxSeconds = parseDuration(flags.time);
      const bytes = await readFileBytes(path);
      const { measureModel } = await import('../../device/measure-model.ts');
      const found = await measureModel(bytes, { threads, maxSeconds, shapes, signal });
      if (flags.json) print(terminal, JSON.stringify({ model: path, ...found }));
      else show(terminal, path, found);
      finish(EXIT.ok);
    });
};

function readThreads(text: string): number {
  const threads = Number(text);
  if (Number.isInteger(threads) && threads > 0) return threads;
  return fail('USAGE', {
    what: `--threads ${text}: not a number of threads`,
    hint: 'Write for example --threads 2.',
  });
}

function readShape(text: string): readonly [string, readonly number[]] {
  const [, name, sizes] = /^(.+)=(\d+(?:[x,]\d+)*)$/.exec(text) ?? [];
  const shape = (sizes ?? '0').split(/[x,]/).map(Number);
  if (name !== undefined && shape.every((size) => size > 0)) return [name, shape];
  return fail('USAGE', {
    what: `--shape ${text}: not an input with its shape`,
    hint: 'Write for example --shape input=1x3x224x224; `espalier inspect` names the inputs.',
  });
}

function show(terminal: Terminal, path: string, found: ModelMeasurement): void {
  const style = styler(terminal.stdout);
  const { machine, memory, reference, threads } = found;
  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
  print(
    terminal,
    ...tableLines([
      ['model', `${path}, ${formatBytes(found.modelBytes)}`],
      ...Object.entries(found.inputs).map(([name, shape]) => ['input', `${name}  ${shape.join('×')}`]),
      ...(found.assumed.length > 0 ? [['taken as 1', found.assumed.join(', ')]] : []),
      ['p50', style('bold', formatMilliseconds(found.p50Ms))],
      ['interval', `${formatMilliseconds(found.lowMs)} to ${formatMilliseconds(found.highMs)} (95 %)`],
      ['p95', formatMilliseconds(found.p95Ms)],
      ['runs', String(found.runs)],
      ['engine', `ONNX Runtime, provider ${found.provider}, ${threads} thread${threads === 1 ? '' : 's'}`],
      [
        'memory',
        `${formatBytes(memory.peakBytes)} resident at the peak, ${formatBytes(memory.addedBytes)} of it for the model`,
      ],
      [
        'machine',
        `${machine.processor}, ${machine.usableCores} of ${machine.cores} cores, ${machine.platform}`,
      ],
      [
        'reference',
        `${formatMilliseconds(reference.medianMs)}, drift ${percent(reference.drift)}, spread ${percent(reference.spread)}`,
      ],
      ['verdict', found.trusted ? style('green', 'can be trusted') : style('yellow', 'not to be trusted:')],
    ]),
    ...found.doubts.map((doubt) => `  ${doubt}`),
  );
}
