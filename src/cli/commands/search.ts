import { existsSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import type { ConfigFile } from '../../config/config-file.ts';
import { findConfigFile, readConfigFile } from '../../config/config-file.ts';
import { type Flags, resolveOptions } from '../../config/resolve-options.ts';
import { formatDataReport } from '../../data/format-report.ts';
import { EXIT } from '../../errors.ts';
import { type AddCommand, type CliContext, examples } from '../command.ts';
import { runSearch } from '../run-search.ts';
import { print } from '../terminal.ts';
import { addSearchFlags } from './search-flags.ts';

/** `runs/<name of the data>`, numbered when that is taken. */
export function freshRunFolder(data: string): string {
  const name = basename(data, extname(data)).replace(/[^\w.-]+/g, '-') || 'search';
  const base = join('runs', name);
  let folder = base;
  for (let i = 2; existsSync(folder); i++) folder = `${base}-${i}`;
  return folder;
}

export interface SearchFlags {
  readonly config?: string;
  readonly json?: boolean;
  readonly dryRun?: boolean;
  readonly [name: string]: string | boolean | undefined;
}

/** Runs a search, or says what it would do. Gives the exit code. */
export async function searchWith(
  context: CliContext,
  { config: configPath, json = false, dryRun = false, ...flags }: SearchFlags,
  useConfig = true,
): Promise<number> {
  const found = configPath ?? (useConfig ? findConfigFile('.') : null);
  const config: ConfigFile | null = found === null ? null : await readConfigFile(found);
  const options = resolveOptions(flags as Flags, config, { out: freshRunFolder });
  // Loaded late: `--help` and mistakes answer at once.
  const { planSearch, search } = await import('../../search/search.ts');
  if (!dryRun) return runSearch(context, { json }, (hooks) => search(options, hooks));
  const { withoutTokens } = await import('../../search/devices.ts');
  const plan = await planSearch(options, { signal: context.signal });
  print(
    context.terminal,
    ...(json
      ? [JSON.stringify({ event: 'plan', options: withoutTokens(options), ...plan })]
      : [...formatDataReport(plan.report), '', ...plan.lines]),
  );
  return EXIT.ok;
}

export const addSearch: AddCommand = (program, context, finish) => {
  const command = program
    .command('search')
    .summary('search for a network that classifies your images')
    .description(
      'Searches for a network on your images, trains the best one, tests it once and writes it as ONNX with a report.\n\n' +
        'DATA is a folder with one folder of images for each class (or train/, val/, test/ with class folders), a folder ' +
        'of IDX files, an .npz file in the layout of MedMNIST, CIFAR binaries, or "drawn" for built-in data.\n\n' +
        'What is taken where an option is not given stands in brackets.',
    )
    .argument('[data]', 'the images; may stand in the configuration file instead');
  addSearchFlags(command)
    .addHelpText(
      'after',
      examples(
        'search ./my-images --time 30m',
        'search ./digits --time 10m --max-latency 2ms --out runs/digits --seed 1',
        'search ./my-images --trials 50 --max-params 250k --objectives valAccuracy,params',
        'search ./my-images --space ./my-space.ts --dry-run',
        "search ./my-images --device 'phone=http://127.0.0.1:8377/#TOKEN' --objectives valAccuracy,latencyMs@phone --max-latency phone=5ms",
      ),
    )
    .action(async (data: string | undefined, flags: SearchFlags) =>
      finish(await searchWith(context, data === undefined ? flags : { ...flags, data })),
    );
};
