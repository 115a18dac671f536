import { type AddCommand, examples } from '../command.ts';
import { runSearch } from '../run-search.ts';

export const addResume: AddCommand = (program, context, finish) => {
  program
    .command('resume')
    .summary('go on with a search that was stopped, killed or crashed')
    .description('Goes on where a run was, with the options it was started with. Finished trials are kept.')
    .argument('<run>', "the run's folder")
    .option('--json', 'one JSON event a line; the last one is the result')
    .addHelpText('after', examples('resume runs/digits'))
    .action(async (run: string, { json = false }: { json?: boolean }) => {
      const { resumeSearch } = await import('../../search/search.ts');
      finish(await runSearch(context, { json }, (hooks) => resumeSearch(run, hooks)));
    });
};
