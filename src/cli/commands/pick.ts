import { EXIT } from '../../errors.ts';
import { formatMeasure, formatPercent } from '../../report/format.ts';
import { parseCount, parseLatency } from '../../search/quantity.ts';
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
    .option('--max-latency <time>', 'most time for an image: 3ms, 500us')
    .option('--max-params <n>', 'most weights: 250k, 2M')
    .option('--max-macs <n>', 'most multiply-accumulates of an image: 50M')
    .option('--out <file>', 'where the copy goes', 'picked.onnx')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      examples('pick runs/digits --max-latency 3ms', 'pick runs/digits --max-params 100k --out small.onnx'),
    )
    .action(async (run: string, flags: PickFlags) => {
      const { pickModel } = await import('../../search/pick.ts');
      const bounds = [
        ['latencyMs', flags.maxLatency, parseLatency],
        ['params', flags.maxParams, parseCount],
        ['macs', flags.maxMacs, parseCount],
      ] as const;
      const { member, file } = await pickModel(
        run,
        bounds.flatMap(([measure, text, parse]) =>
          text === undefined ? [] : [{ measure, max: parse(text) }],
        ),
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
