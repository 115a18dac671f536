import { FIELDS } from '../../config/fields.ts';
import { type AddCommand, examples } from '../command.ts';
import { runSearch } from '../run-search.ts';

export const addResume: AddCommand = (program, context, finish) => {
  program
    .command('resume')
    .summary('go on with a search that was stopped, killed or crashed')
    .description('Goes on where a run was, with the options it was started with. Finished trials are kept.')
    .argument('<run>', "the run's folder")
    .option(
      '--device <name=address>',
      'where a device of the run is now, if its address or token has changed (may be repeated)',
      (now: string, before: string | undefined) => (before === undefined ? now : `${before},${now}`),
    )
    .option('--json', 'one JSON event a line; the last one is the result')
    .addHelpText(
      'after',
      examples('resume runs/digits', "resume runs/digits --device 'phone=http://127.0.0.1:8377/#TOKEN'"),
    )
    .action(async (run: string, { json = false, device }: { json?: boolean; device?: string }) => {
      const devices = device === undefined ? {} : FIELDS.device.parse(device);
      const { resumeSearch } = await import('../../search/search.ts');
      finish(await runSearch(context, { json }, (hooks) => resumeSearch(run, hooks, devices)));
    });
};
