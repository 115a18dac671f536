import { EXIT } from '../../errors.ts';
import { type AddCommand, examples } from '../command.ts';
import { print } from '../terminal.ts';

export const addReport: AddCommand = (program, { terminal }, finish) => {
  program
    .command('report')
    .summary('write the report of a run again')
    .description(
      'Writes report.html, trials.json and pareto.csv of a run again, from its database. Works on unfinished runs too.',
    )
    .argument('<run>', "the run's folder")
    .addHelpText('after', examples('report runs/digits'))
    .action(async (run: string) => {
      const { reportRun } = await import('../../search/search.ts');
      for (const file of await reportRun(run)) print(terminal, `wrote ${file}`);
      finish(EXIT.ok);
    });
};
