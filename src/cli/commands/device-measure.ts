import type { ModelMeasurement } from '../../device/measure-model.ts';
import type { Device } from '../../device/remote/device.ts';
import type { DeviceMeasurement } from '../../device/remote/wire.ts';
import { EXIT, fail } from '../../errors.ts';
import { readFileBytes } from '../../onnx/read-file.ts';
import { formatBytes, formatMilliseconds } from '../../report/format.ts';
import { parseDuration } from '../../search/quantity.ts';
import { type AddCommand, type CliContext, examples } from '../command.ts';
import { tableLines } from '../table.ts';
import { print, styler, type Terminal } from '../terminal.ts';
import { readThreads, refuseCalibration } from './calibration-setting.ts';
import { addShapeFlag, readShapes, type ShapeFlags } from './shape-flag.ts';

interface MeasureFlags extends ShapeFlags {
  readonly threads: string;
  readonly time: string;
  readonly device?: string;
  readonly compare?: boolean;
  readonly json?: boolean;
}

interface Request {
  readonly threads: number;
  readonly maxSeconds: number;
  readonly shapes: ReadonlyMap<string, readonly number[]>;
}

const EXAMPLES = examples(
  'device measure model.onnx',
  'device measure resnet18.onnx --threads 2 --shape input=1x3x224x224',
  'device measure model.onnx --device http://192.168.1.5:8377/#TOKEN --compare',
  'device measure model.onnx --json',
);

/** How long a device that does not answer is waited for. */
const PATIENCE_SECONDS = 10;

export const addDeviceMeasure: AddCommand = (device, context, finish) => {
  const { terminal, signal } = context;
  const command = device
    .command('measure')
    .summary('latency and memory of an ONNX model, and whether the figure can be trusted')
    .description(
      'Measures how long one inference of an ONNX model takes here, from the call to the result. Any model with ' +
        'float32 inputs will do. A fixed convolution is timed in between: when it changes, the machine did, and the ' +
        'figure is not to be trusted. A load that is there from beginning to end shows only in how often it takes the ' +
        'processor away. The exit code is 0 whatever the verdict.',
    )
    .argument('<model>', 'an .onnx file')
    .option('--threads <n>', 'threads of the engine', '1');
  addShapeFlag(command)
    .option(
      '--time <duration>',
      'the longest that it measures; it ends as soon as the interval is narrow',
      '10s',
    )
    .option('--device <address>', 'measure on another device, as `device serve` or `device page` prints it')
    .option('--compare', 'with --device: also compare what the model computes there and here')
    .option('--json', 'as JSON')
    .addHelpText('after', EXAMPLES)
    .action(async (path: string, flags: MeasureFlags) => {
      const request = {
        threads: readThreads(flags.threads),
        maxSeconds: parseDuration(flags.time),
        shapes: readShapes(flags),
      };
      if (flags.compare && flags.device === undefined)
        fail('USAGE', {
          what: '--compare: there is nothing to compare with',
          hint: 'Give --device with the address of a device.',
        });
      const { isCalibrationPath } = await import('../../device/predict/calibrated-device.ts');
      if (flags.device !== undefined && isCalibrationPath(flags.device)) refuseCalibration(flags.device);
      const bytes = await readFileBytes(path);
      if (flags.device !== undefined) {
        await measureThere(context, path, bytes, flags, request);
      } else {
        const { measureModel } = await import('../../device/measure-model.ts');
        const found = await measureModel(bytes, { ...request, signal });
        const { describeEngine } = await import('../../runtime/engine.ts');
        const runtime = `onnxruntime-node ${describeEngine().version}`;
        if (flags.json) print(terminal, JSON.stringify({ model: path, runtime, ...found }));
        else showHere(terminal, path, found, runtime);
      }
      finish(EXIT.ok);
    });
};

async function measureThere(
  { terminal, signal }: CliContext,
  path: string,
  bytes: Uint8Array,
  { device: address = '', compare = false, json = false }: MeasureFlags,
  { threads, maxSeconds, shapes }: Request,
): Promise<void> {
  const { httpDevice } = await import('../../device/remote/http-device.ts');
  const { patientDevice } = await import('../../device/remote/patience.ts');
  const device: Device = patientDevice(httpDevice(address), {
    seconds: PATIENCE_SECONDS,
    onTrouble: (message) => terminal.stderr.write(`${message}; trying again\n`),
  });
  const sizes = Object.fromEntries([...shapes].map(([name, shape]) => [name, [...shape]]));
  const request = { threads, maxSeconds, memory: true, shapes: sizes, outputs: compare, signal };
  const { outputs, ...found } = await device.measure(bytes, request);
  const difference = outputs === undefined ? null : await differenceFromHere(bytes, sizes, outputs);
  const compared = difference === null ? {} : { largestDifference: difference };
  if (json) print(terminal, JSON.stringify({ model: path, ...found, ...compared }));
  else showThere(terminal, path, found, difference);
}

/** The largest difference of an output's value there from the one here, for the same input. */
async function differenceFromHere(
  bytes: Uint8Array,
  shapes: Record<string, number[]>,
  there: NonNullable<DeviceMeasurement['outputs']>,
): Promise<number> {
  const { outputsHere } = await import('../../device/remote/measure-here.ts');
  const here = await outputsHere(bytes, shapes);
  let largest = 0;
  for (const [name, { data }] of Object.entries(here))
    for (const [i, value] of data.entries())
      largest = Math.max(largest, Math.abs((there[name]?.data[i] ?? Number.NaN) - (value ?? Number.NaN)));
  return largest;
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

type Shown = Pick<
  ModelMeasurement,
  | 'modelBytes'
  | 'inputs'
  | 'assumed'
  | 'p50Ms'
  | 'lowMs'
  | 'highMs'
  | 'p95Ms'
  | 'runs'
  | 'threads'
  | 'reference'
  | 'trusted'
  | 'doubts'
> & { readonly memory: ModelMeasurement['memory'] | null };

function showHere(terminal: Terminal, path: string, found: ModelMeasurement, runtime: string): void {
  const { machine, provider } = found;
  const place = `${machine.processor}, ${machine.usableCores} of ${machine.cores} cores, ${machine.platform}`;
  show(terminal, path, found, { engine: `${runtime}, provider ${provider}`, place, more: [] });
}

function showThere(
  terminal: Terminal,
  path: string,
  found: DeviceMeasurement,
  difference: number | null,
): void {
  show(terminal, path, found, {
    engine: `${found.runtime}, provider ${found.provider}`,
    place: found.device,
    more:
      difference === null
        ? []
        : [
            [
              'outputs',
              difference === 0
                ? 'the same as those computed here'
                : `differ by ${difference.toExponential(1)} at most from those computed here`,
            ],
          ],
  });
}

function show(
  terminal: Terminal,
  path: string,
  found: Shown,
  where: { readonly engine: string; readonly place: string; readonly more: readonly string[][] },
): void {
  const style = styler(terminal.stdout);
  const { memory, reference, threads } = found;
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
      ['engine', `${where.engine}, ${threads} thread${threads === 1 ? '' : 's'}`],
      ...(memory === null
        ? []
        : [
            [
              'memory',
              `${formatBytes(memory.peakBytes)} resident at the peak, ${formatBytes(memory.addedBytes)} of it for the model`,
            ],
          ]),
      ['machine', where.place],
      [
        'reference',
        `${formatMilliseconds(reference.medianMs)}, drift ${percent(reference.drift)}, spread ${percent(reference.spread)}`,
      ],
      ...where.more,
      ['verdict', found.trusted ? style('green', 'can be trusted') : style('yellow', 'not to be trusted:')],
    ]),
    ...found.doubts.map((doubt) => `  ${doubt}`),
  );
}
