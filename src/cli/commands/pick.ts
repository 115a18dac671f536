import { onDevice } from '../../device/remote/measure-name.ts';
import { EXIT, fail } from '../../errors.ts';
import { formatMeasure, formatPercent } from '../../report/format.ts';
import type { Picked, Precision } from '../../search/pick.ts';
import { HERE, parseBytes, parseCount, parseLatencies } from '../../search/quantity.ts';
import { type AddCommand, examples } from '../command.ts';
import { print } from '../terminal.ts';

interface PickFlags {
  readonly maxLatency?: string;
  readonly maxParams?: string;
  readonly maxMacs?: string;
  readonly maxSize?: string;
  readonly precision?: string;
  readonly trial?: string;
  readonly out: string;
  readonly json?: boolean;
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
  program
    .command('pick')
    .summary('take the most accurate network of a run within bounds')
    .description(
      'Copies the most accurate of the trained networks of a run that keeps the bounds. A search with several objectives ' +
        'trains several. Of a search with --int8 it takes the model in 8 bits, by its accuracy, latency and size.',
    )
    .argument('<run>', "the run's folder")
    .option(
      '--max-latency <time>',
      'most time for an image: 3ms, 500us; on other devices phone=5ms (may be repeated)',
      (now: string, before: string | undefined) => (before === undefined ? now : `${before},${now}`),
    )
    .option('--max-params <n>', 'most weights: 250k, 2M')
    .option('--max-macs <n>', 'most multiply-accumulates of an image: 50M')
    .option('--max-size <size>', 'largest file: 500KB, 2MB')
    .option('--precision <which>', 'float or int8; by default what the search judged by')
    .option('--trial <n>', 'the network of this trial')
    .option('--out <file>', 'where the copy goes', 'picked.onnx')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      examples(
        'pick runs/digits --max-latency 3ms',
        'pick runs/digits --max-params 100k --out small.onnx',
        'pick runs/digits --max-latency 3ms,phone=8ms',
        'pick runs/digits --trial 12 --precision float',
      ),
    )
    .action(async (run: string, flags: PickFlags) => {
      const { pickModel } = await import('../../search/pick.ts');
      const latencies = flags.maxLatency === undefined ? {} : parseLatencies(flags.maxLatency);
      const bounds = [
        ['params', flags.maxParams, parseCount],
        ['macs', flags.maxMacs, parseCount],
        ['sizeBytes', flags.maxSize, parseBytes],
      ] as const;
      const picked = await pickModel({
        run,
        bounds: [
          ...Object.entries(latencies).map(([device, max]) => ({
            measure: device === HERE ? 'latencyMs' : onDevice('latencyMs', device),
            max,
          })),
          ...bounds.flatMap(([measure, text, parse]) =>
            text === undefined ? [] : [{ measure, max: parse(text) }],
          ),
        ],
        precision: precisionOf(flags.precision),
        trial: trialOf(flags.trial),
        out: flags.out,
      });
      const { member, precision, file } = picked;
      const { trial, measures } = member;
      if (flags.json)
        print(
          terminal,
          JSON.stringify({ file, trial, precision, testAccuracy: testAccuracyOf(picked), measures }),
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
    `copied to ${file}`,
  ];
}
