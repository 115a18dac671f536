import { EXIT } from '../../errors.ts';
import { formatCount, formatPercent } from '../../report/format.ts';
import { type AddCommand, examples } from '../command.ts';
import { tableLines } from '../table.ts';
import { print } from '../terminal.ts';

export const addStudies: AddCommand = (program, { terminal }, finish) => {
  program
    .command('studies')
    .summary('list the runs of a folder with their state and best')
    .description(
      'Lists the runs in a folder, last changed first, with the accuracies and size of the exported network, or of the best ' +
        'trial where there is none yet.',
    )
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
              ['run', 'state', 'complete', 'pruned', 'failed', 'val acc', 'test acc', 'params', 'changed'],
              ...runs.map(({ path, state, trials, valAccuracy, testAccuracy, params, changedAt }) => [
                path,
                state,
                String(trials.complete ?? 0),
                String(trials.pruned ?? 0),
                String(trials.failed ?? 0),
                valAccuracy === null ? '–' : formatPercent(valAccuracy),
                testAccuracy === null ? '–' : formatPercent(testAccuracy),
                params === null ? '–' : formatCount(params),
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
