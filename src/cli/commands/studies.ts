import { EXIT } from '../../errors.ts';
import { formatMeasure, formatPercent } from '../../report/format.ts';
import { type AddCommand, examples } from '../command.ts';
import { tableLines } from '../table.ts';
import { print } from '../terminal.ts';

export const addStudies: AddCommand = (program, { terminal }, finish) => {
  program
    .command('studies')
    .summary('list the runs of a folder with their state and best')
    .description('Lists the runs in a folder, last changed first.')
    .argument('[dir]', 'a folder of runs, or one run', 'runs')
    .option('--json', 'as JSON')
    .addHelpText('after', examples('studies', 'studies ./experiments --json'))
    .action(async (folder: string, { json = false }: { json?: boolean }) => {
      const { listRuns } = await import('../../search/run-summary.ts');
      const runs = await listRuns(folder);
      if (json) print(terminal, JSON.stringify(runs));
      else if (runs.length === 0)
        print(terminal, `There are no runs in ${folder}. Start one with: espalier quickstart`);
      else
        print(
          terminal,
          ...tableLines(
            [
              ['run', 'state', 'complete', 'pruned', 'failed', 'best val', 'test', 'params', 'changed'],
              ...runs.map(({ path, state, trials, best, testAccuracy, changedAt }) => [
                path,
                state,
                String(trials.complete ?? 0),
                String(trials.pruned ?? 0),
                String(trials.failed ?? 0),
                formatMeasure('valAccuracy', best?.measures.valAccuracy),
                testAccuracy === null ? '–' : formatPercent(testAccuracy),
                formatMeasure('params', best?.measures.params),
                new Date(changedAt).toISOString().slice(0, 16).replace('T', ' '),
              ]),
            ],
            'llrrrrrrl',
          ),
          ...runs.flatMap(({ path, reason }) => (reason === null ? [] : [`${path}: ${reason}`])),
        );
      finish(EXIT.ok);
    });
};
