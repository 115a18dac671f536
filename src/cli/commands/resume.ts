import { type Flags, parseSome } from '../../config/resolve-options.ts';
import { type AddCommand, examples } from '../command.ts';
import { runSearch } from '../run-search.ts';

export const addResume: AddCommand = (program, context, finish) => {
  program
    .command('resume')
    .summary('go on with a search that was stopped, killed or crashed')
    .description(
      'Goes on where a run was, with the options it was started with. Finished trials are kept. Given more trials, time or ' +
        'epochs, a finished run goes on too; its best network is then trained and tested anew.',
    )
    .argument('<run>', "the run's folder")
    .option(
      '--device <name=address>',
      'where a device of the run is now, if its address or token has changed (may be repeated)',
      (now: string, before: string | undefined) => (before === undefined ? now : `${before},${now}`),
    )
    .option('--trials <n>', 'go on to so many trials in all')
    .option(
      '--time <duration>',
      'go on to so much time in all, for a run that was begun with --time: 90s, 10m, 1h',
    )
    .option('--final-epochs <n>', 'train the best one for so many epochs')
    .option(
      '--trial-timeout <duration>',
      'a trial that takes longer is stopped from now on, also in later resumes: 90s, 10m, 1h',
    )
    .option('--json', 'one JSON event a line; the last one is the result')
    .addHelpText(
      'after',
      examples(
        'resume runs/digits',
        'resume runs/digits --trials 60',
        "resume runs/digits --device 'phone=http://127.0.0.1:8377/#TOKEN'",
      ),
    )
    .action(async (run: string, { json = false, ...flags }: { readonly json?: boolean } & Flags) => {
      const changes = parseSome(flags, ['device', 'trials', 'time', 'finalEpochs', 'trialTimeout']);
      const { resumeSearch } = await import('../../search/search.ts');
      finish(await runSearch(context, { json }, (hooks) => resumeSearch(run, hooks, changes)));
    });
};
