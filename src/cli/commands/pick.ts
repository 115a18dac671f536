import { onDevice } from '../../device/remote/measure-name.ts';
import { EXIT } from '../../errors.ts';
import { formatMeasure, formatPercent } from '../../report/format.ts';
import { HERE, parseCount, parseLatencies } from '../../search/quantity.ts';
import { type AddCommand, examples } from '../command.ts';
import { print } from '../terminal.ts';

interface PickFlags {
  readonly maxLatency?: string;
  readonly maxParams?: string;
  readonly maxMacs?: string;
  readonly out: string;
  readonly json?: boolean;
}

export const addPick: AddCommand = (program, { terminal }, finish) => {
  program
    .command('pick')
    .summary('take the most accurate network of a run within bounds')
    .description(
      'Copies the most accurate of the trained networks of a run that keeps the bounds. A search with several objectives trains several.',
    )
    .argument('<run>', "the run's folder")
    .option(
      '--max-latency <time>',
      'most time for an image: 3ms, 500us; on other devices phone=5ms (may be repeated)',
      (now: string, before: string | undefined) => (before === undefined ? now : `${before},${now}`),
    )
    .option('--max-params <n>', 'most weights: 250k, 2M')
    .option('--max-macs <n>', 'most multiply-accumulates of an image: 50M')
    .option('--out <file>', 'where the copy goes', 'picked.onnx')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      examples(
        'pick runs/digits --max-latency 3ms',
        'pick runs/digits --max-params 100k --out small.onnx',
        'pick runs/digits --max-latency 3ms,phone=8ms',
      ),
    )
    .action(async (run: string, flags: PickFlags) => {
      const { pickModel } = await import('../../search/pick.ts');
      const bounds = [
        ['params', flags.maxParams, parseCount],
        ['macs', flags.maxMacs, parseCount],
      ] as const;
      const { member, file } = await pickModel(
        run,
        [
          ...Object.entries(flags.maxLatency === undefined ? {} : parseLatencies(flags.maxLatency)).map(
            ([device, max]) => ({
              measure: device === HERE ? 'latencyMs' : onDevice('latencyMs', device),
              max,
            }),
          ),
          ...bounds.flatMap(([measure, text, parse]) =>
            text === undefined ? [] : [{ measure, max: parse(text) }],
          ),
        ],
        flags.out,
      );
      const { trial, test, measures } = member;
      if (flags.json)
        print(terminal, JSON.stringify({ file, trial, testAccuracy: test?.accuracy ?? null, measures }));
      else
        print(
          terminal,
          `trial ${trial}: validation accuracy ${formatPercent(measures.valAccuracy!)}` +
            `${test === null ? '' : `, test accuracy ${formatPercent(test.accuracy)}`}, ` +
            `${formatMeasure('latencyMs', measures.latencyMs)} an image, ${formatMeasure('params', measures.params)} parameters, ` +
            `${formatMeasure('macs', measures.macs)} MACs`,
          `copied to ${file}`,
        );
      finish(EXIT.ok);
    });
};
