import { type FIELDS, fieldOf } from '../../config/fields.ts';
import { parseFlag } from '../../config/resolve-options.ts';
import { EXIT, fail } from '../../errors.ts';
import { formatMeasure, formatPercent } from '../../report/format.ts';
import type { Picked, Precision } from '../../search/pick.ts';
import { HERE } from '../../search/quantity.ts';
import type { MEASURES } from '../../study/measure.ts';
import type { Constraint } from '../../study/trial.ts';
import { type AddCommand, examples, OVERWRITE } from '../command.ts';
import { deviceTable } from '../device-table.ts';
import { print } from '../terminal.ts';
import { optionOf } from './search-flags.ts';

interface PickFlags extends Readonly<Record<string, unknown>> {
  readonly precision?: string;
  readonly trial?: string;
  readonly maxDrop?: string;
  readonly out: string;
  readonly overwrite?: boolean;
  readonly json?: boolean;
}

/** The search's bounds by the names of its options, and the measures that they are on. */
const BOUNDS = {
  maxLatency: 'latencyMs',
  maxParams: 'params',
  maxMacs: 'macs',
  maxMemory: 'memoryBytes',
  maxSize: 'sizeBytes',
  maxPeakMemory: 'peakMemoryBytes',
} as const satisfies Partial<Record<keyof typeof FIELDS, keyof typeof MEASURES>>;

/** @throws USAGE */
function boundsOf(flags: PickFlags): Constraint[] {
  return Object.entries(BOUNDS).flatMap(([name, measure]) => {
    const text = flags[name];
    if (typeof text !== 'string') return [];
    const max = parseFlag(name, text) as number | Readonly<Record<string, number>>;
    if (typeof max === 'number') return [{ measure, max }];
    return Object.entries(max).map(([device, own]) => ({
      measure: device === HERE ? measure : `${measure}@${device}`,
      max: own,
    }));
  });
}

/** @throws USAGE */
function dropOf(text: string | undefined): number | null {
  if (text === undefined) return null;
  const points = Number(text);
  if (text.trim() !== '' && points >= 0) return points;
  return fail('USAGE', {
    what: `--max-drop ${text}: not a number of percentage points`,
    hint: 'Write --max-drop 0.3.',
  });
}

function precisionOf(text: string | undefined): Precision | null {
  if (text === undefined || text === 'float' || text === 'int8') return text ?? null;
  return fail('USAGE', {
    what: `--precision ${text}: there is no such precision`,
    hint: 'Use float or int8.',
  });
}

function trialOf(text: string | undefined): number | null {
  if (text === undefined) return null;
  if (/^\d+$/.test(text)) return Number(text);
  return fail('USAGE', { what: `--trial ${text}: not the number of a trial`, hint: 'Write --trial 12.' });
}

export const addPick: AddCommand = (program, { terminal }, finish) => {
  const command = program
    .command('pick')
    .summary('take the most accurate network of a run within bounds')
    .description(
      'Copies the most accurate of the trained networks of a run that keeps the bounds. A search with several objectives ' +
        'trains several. Of a search with --int8 it takes the model in 8 bits, by its accuracy, latency and size.',
    )
    .argument('<run>', "the run's folder");
  for (const name of Object.keys(BOUNDS)) command.addOption(optionOf(name, fieldOf(name)!));
  command
    .option('--max-drop <points>', 'percentage points of validation accuracy that it may have lost in 8 bits')
    .option('--precision <which>', 'float or int8; by default what the search judged by')
    .option('--trial <n>', 'the network of this trial')
    .option('--out <file>', 'where the copy goes', 'picked.onnx')
    .option(...OVERWRITE)
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      examples(
        'pick runs/digits --max-latency 3ms',
        'pick runs/digits --max-params 100k --out small.onnx',
        'pick runs/digits --max-latency 3ms,phone=8ms --max-peak-memory 20MB',
        'pick runs/digits --trial 12 --precision float',
      ),
    )
    .action(async (run: string, flags: PickFlags) => {
      const { pickModel } = await import('../../search/pick.ts');
      const picked = await pickModel({
        run,
        bounds: boundsOf(flags),
        maxDropPoints: dropOf(flags.maxDrop),
        precision: precisionOf(flags.precision),
        trial: trialOf(flags.trial),
        out: flags.out,
        overwrite: flags.overwrite ?? false,
      });
      const { member, precision, file, devices } = picked;
      const { trial, measures } = member;
      if (flags.json)
        print(
          terminal,
          JSON.stringify({ file, trial, precision, testAccuracy: testAccuracyOf(picked), measures, devices }),
        );
      else print(terminal, ...lines(picked));
      finish(EXIT.ok);
    });
};

const testAccuracyOf = ({ member: { test, measures }, precision }: Picked): number | null =>
  (precision === 'int8' ? measures.int8TestAccuracy : test?.accuracy) ?? null;

function lines(picked: Picked): string[] {
  const { member, precision, file } = picked;
  const { trial, measures } = member;
  const own = (float: string, int8: string): string => {
    const name = precision === 'int8' ? int8 : float;
    return formatMeasure(name, measures[name]);
  };
  const test = testAccuracyOf(picked);
  return [
    `trial ${trial}${precision === 'int8' ? ' in 8 bits' : ''}: validation accuracy ${own('valAccuracy', 'int8ValAccuracy')}` +
      `${test === null ? '' : `, test accuracy ${formatPercent(test)}`}, ` +
      `${own('latencyMs', 'int8LatencyMs')} an image, ${own('sizeBytes', 'int8SizeBytes')}, ` +
      `${formatMeasure('params', measures.params)} parameters, ${formatMeasure('macs', measures.macs)} MACs`,
    ...deviceTable([{ label: 'an image', devices: picked.devices }]),
    `copied to ${file}`,
  ];
}
