import { type AddCommand, examples } from '../command.ts';
import { type SearchFlags, searchWith } from './search.ts';
import { addSearchFlags } from './search-flags.ts';

/** Small enough for a first look, long enough for a search to beat a random network. */
const QUICKSTART = { data: 'drawn', time: '150s' };

export const addQuickstart: AddCommand = (program, context, finish) => {
  const command = program
    .command('quickstart')
    .summary('a first search in under three minutes, on images that Espalier draws itself')
    .description(
      'Runs a small search on built-in data: images that Espalier draws itself, nothing is downloaded. Shows what a ' +
        'search does and what comes out of it. Takes the flags of `search`.',
    );
  addSearchFlags(command)
    .addHelpText('after', examples('quickstart', 'quickstart --time 60s --seed 2 --out runs/first'))
    // A project's configuration is about its own data.
    .action(async (flags: SearchFlags) =>
      finish(await searchWith(context, { ...QUICKSTART, ...flags }, false)),
    );
};
