/** From flags and configuration file to the options of a search, every mistake reported at its place. */
import { dirname, resolve } from 'node:path';
import { EspalierError, fail } from '../errors.ts';
import { didYouMean } from '../nearest.ts';
import { findStrategy } from '../search/find-strategy.ts';
import { findPreset, isModulePath } from '../search/load-space.ts';
import { SearchOptions } from '../search/options.ts';
import type { ConfigFile } from './config-file.ts';
import { explainIssue } from './explain-issue.ts';
import { FIELDS, fieldOf, flagOf, fromConfig, nameOf } from './fields.ts';

const CONFIG_NAMES = ['data', ...Object.keys(FIELDS)];
const CONFIG_HINT = 'Correct the value there; `espalier search --help` lists the options.';

/** Flags as typed, by camel-case name; `data` is the argument. */
export type Flags = Readonly<Record<string, string | true | undefined>>;

/** What flags and file leave open. */
export interface Fallbacks {
  readonly out: (data: string) => string;
}

/**
 * Some options alone, by their keys; those that are not given are absent.
 * @throws USAGE, QUANTITY
 */
export function parseSome(flags: Flags, names: readonly (keyof typeof FIELDS)[]): Partial<SearchOptions> {
  const given = names.filter((name) => typeof flags[name] === 'string');
  const values = Object.fromEntries(
    given.map((name) => [fieldOf(name)!.key, parseFlag(name, flags[name] as string)]),
  );
  // Bounds and objectives may be on those devices, which are checked with the run's.
  const parsed = SearchOptions.safeParse({ data: '-', out: '-', ...values });
  if (!parsed.success) {
    const { path, reason } = explainIssue(parsed.error.issues[0]!);
    fail('USAGE', {
      what: `${flagOf(nameOf(String(path[0] ?? '')))}: ${reason}`,
      hint: 'See --help after the command.',
    });
  }
  return Object.fromEntries(given.map((name) => [fieldOf(name)!.key, parsed.data[fieldOf(name)!.key]]));
}

/** Flags go before the file, the file before the defaults. @throws USAGE, CONFIG, QUANTITY */
export function resolveOptions(flags: Flags, config: ConfigFile | null, fallbacks: Fallbacks): SearchOptions {
  const fromFile = config ? readValues(config) : {};
  const fromFlags: Record<string, unknown> = {};
  for (const [name, text] of Object.entries(flags)) {
    if (text === undefined) continue;
    const field = fieldOf(name);
    fromFlags[field?.key ?? name] = field && text !== true ? parseFlag(name, text) : text;
  }
  const merged: Record<string, unknown> = { ...fromFile, ...fromFlags };
  if (merged.data === undefined)
    fail('USAGE', {
      what: 'No data given',
      hint: 'Name a folder of images: `espalier search ./my-images`, or `espalier quickstart` for built-in data.',
    });
  if (merged.out === undefined && typeof merged.data === 'string') merged.out = fallbacks.out(merged.data);
  const parsed = SearchOptions.safeParse(merged, { reportInput: true });
  if (parsed.success) {
    checkNames(parsed.data, (key) => (config && key in fromFile && !(key in fromFlags) ? config : null));
    return parsed.data;
  }
  const { path, reason, meant } = explainIssue(parsed.error.issues[0]!);
  const [key = ''] = path;
  const named = [nameOf(String(key)), ...path.slice(1)];
  if (config && !(key in fromFlags))
    return fail('CONFIG', {
      where: config.where(named),
      reason,
      hint: meant === '' ? CONFIG_HINT : `${meant} ${CONFIG_HINT}`,
    });
  const flag = key === 'data' ? 'DATA' : [flagOf(named[0]!.toString()), ...path.slice(1)].join(' ');
  return fail('USAGE', {
    what: `${flag}: ${reason}`,
    hint: `${meant} See \`espalier search --help\`.`.trim(),
  });
}

/** Names of strategies and spaces, while it is known where they stand. @throws CONFIG, USAGE, SPACE_UNKNOWN */
function checkNames(options: SearchOptions, fileOf: (key: string) => ConfigFile | null): void {
  const checks: Readonly<Record<string, () => unknown>> = {
    strategy: () => isModulePath(options.strategy) || findStrategy(options.strategy),
    space: () => findPreset(options.space),
  };
  for (const [name, check] of Object.entries(checks)) {
    const config = fileOf(name);
    if (config === null) check();
    else inFile(config, [name], check);
  }
}

/** An error of `work` becomes one of the configuration file. */
function inFile<T>(config: ConfigFile, path: readonly PropertyKey[], work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof EspalierError)) throw error;
    return fail('CONFIG', { where: config.where(path), reason: error.message, hint: error.hint }, error);
  }
}

/** What a flag's text means. @throws USAGE, with the flag's name */
export function parseFlag(name: string, text: string): unknown {
  try {
    return fieldOf(name)!.parse(text);
  } catch (error) {
    if (!(error instanceof EspalierError)) throw error;
    return fail('USAGE', { what: `${flagOf(name)}: ${error.message}`, hint: error.hint }, error);
  }
}

/** The file's values by option key. Its paths are relative to its folder. */
function readValues(config: ConfigFile): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  const folder = dirname(resolve(config.path));
  for (const [name, value] of Object.entries(config.values)) {
    const field = fieldOf(name);
    if (!field && name !== 'data') {
      fail('CONFIG', {
        where: config.where([name]),
        reason: `there is no option "${name}"`,
        hint: didYouMean(name, CONFIG_NAMES) || `The options are ${CONFIG_NAMES.join(', ')}.`,
      });
    }
    const parsed = field ? parseValue(config, name, value) : value;
    const isPath =
      typeof parsed === 'string' &&
      ((name === 'data' && parsed !== 'drawn') ||
        name === 'out' ||
        name === 'startWith' ||
        ((name === 'space' || name === 'strategy') && isModulePath(parsed)));
    const inFolder = (path: unknown): unknown => (typeof path === 'string' ? resolve(folder, path) : path);
    if (name === 'warmFrom') values[name] = Array.isArray(parsed) ? parsed.map(inFolder) : parsed;
    else values[field?.key ?? name] = isPath ? inFolder(parsed) : parsed;
  }
  return values;
}

function parseValue(config: ConfigFile, name: string, value: unknown): unknown {
  let path: readonly PropertyKey[] = [name];
  const at = (part: readonly PropertyKey[]): void => {
    path = [name, ...part];
  };
  try {
    return fromConfig(fieldOf(name)!, value, at);
  } catch (error) {
    if (!(error instanceof EspalierError)) throw error;
    return fail('CONFIG', { where: config.where(path), reason: error.message, hint: error.hint }, error);
  }
}
