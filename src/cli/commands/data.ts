import { formatDataReport } from '../../data/format-report.ts';
import { EXIT } from '../../errors.ts';
import { SearchOptions } from '../../search/options.ts';
import { type AddCommand, examples } from '../command.ts';
import { print } from '../terminal.ts';

export const addData: AddCommand = (program, { terminal, signal }, finish) => {
  program
    .command('data')
    .summary('look at a data set: classes, splits, sizes, what is wrong with it')
    .description(
      'Reads a data set as `search` would and prints its report: classes and counts, image sizes, images that stand ' +
        'in two splits or two classes, and files that cannot be read.',
    )
    .argument('<data>', 'the images, as for `search`')
    .option('--seed <seed>', 'of the splits that are made', '1')
    .option('--json', 'as JSON')
    .addHelpText('after', examples('data ./my-images', 'data ./digits --json'))
    .action(async (data: string, { seed, json = false }: { seed: string; json?: boolean }) => {
      const { loadData } = await import('../../search/read-data.ts');
      const options = SearchOptions.parse({
        data,
        out: '.',
        seed: /^-?\d+$/.test(seed) ? Number(seed) : seed,
      });
      const { report } = await loadData(options, { signal, onEvent: () => undefined });
      print(terminal, ...(json ? [JSON.stringify(report)] : formatDataReport(report)));
      finish(EXIT.ok);
    });
};
