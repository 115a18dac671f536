/** From flags and configuration file to the options of a search, every mistake reported at its place. */
import { dirname, resolve } from 'node:path';
import type { z } from 'zod';
import { EspalierError, fail } from '../errors.ts';
import { isModulePath } from '../search/load-space.ts';
import { SearchOptions } from '../search/options.ts';
import type { ConfigFile } from './config-file.ts';
import { FIELDS, fieldOf, flagOf, nameOf } from './fields.ts';
import { nearest } from './nearest.ts';

const CONFIG_NAMES = ['data', ...Object.keys(FIELDS)];
const CONFIG_HINT = 'Correct the value there; `espalier search --help` lists the options.';

/** Flags as typed, by camel-case name; `data` is the argument. */
export type Flags = Readonly<Record<string, string | true | undefined>>;

/** What flags and file leave open. */
export interface Fallbacks {
  readonly out: (data: string) => string;
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
  const parsed = SearchOptions.safeParse(merged);
  if (parsed.success) return parsed.data;
  const { path, reason } = explain(parsed.error.issues[0]!);
  const [key = ''] = path;
  const named = [nameOf(String(key)), ...path.slice(1)];
  if (config && !(key in fromFlags))
    return fail('CONFIG', { where: config.where(named), reason, hint: CONFIG_HINT });
  const flag = key === 'data' ? 'DATA' : [flagOf(named[0]!.toString()), ...path.slice(1)].join(' ');
  return fail('USAGE', { what: `${flag}: ${reason}`, hint: 'See `espalier search --help`.' });
}

function parseFlag(name: string, text: string): unknown {
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
      const meant = nearest(name, CONFIG_NAMES);
      fail('CONFIG', {
        where: config.where([name]),
        reason: `there is no option "${name}"`,
        hint: meant === null ? `The options are ${CONFIG_NAMES.join(', ')}.` : `Did you mean "${meant}"?`,
      });
    }
    const parsed = typeof value === 'string' && field ? parseValue(config, name, value) : value;
    const isPath =
      typeof parsed === 'string' &&
      ((name === 'data' && parsed !== 'drawn') ||
        name === 'out' ||
        name === 'startWith' ||
        (name === 'space' && isModulePath(parsed)));
    const inFolder = (path: unknown): unknown => (typeof path === 'string' ? resolve(folder, path) : path);
    if (name === 'warmFrom') values[name] = Array.isArray(parsed) ? parsed.map(inFolder) : parsed;
    else values[field?.key ?? name] = isPath ? inFolder(parsed) : parsed;
  }
  return values;
}

function parseValue(config: ConfigFile, name: string, text: string): unknown {
  try {
    return fieldOf(name)!.parse(text);
  } catch (error) {
    if (!(error instanceof EspalierError)) throw error;
    return fail('CONFIG', { where: config.where([name]), reason: error.message, hint: error.hint }, error);
  }
}

/** A path in the options and what is wrong there, in words. */
function explain(issue: z.core.$ZodIssue): {
  readonly path: readonly PropertyKey[];
  readonly reason: string;
} {
  if (issue.code === 'unrecognized_keys')
    return { path: [...issue.path, issue.keys[0]!], reason: 'there is no option of that name' };
  if (issue.code === 'invalid_value')
    return { path: issue.path, reason: `must be one of ${issue.values.map(String).join(', ')}` };
  if (issue.code === 'invalid_key') {
    const [inner] = issue.issues;
    if (inner) return { path: issue.path, reason: inner.message };
  }
  // Of a union (`number or null`), the branch that says most about a value that is there.
  if (issue.code === 'invalid_union') {
    const [inner] = issue.errors.map((branch) => branch[0]).filter((first) => first !== undefined);
    if (inner) return explain({ ...inner, path: [...issue.path, ...inner.path] });
  }
  return { path: issue.path, reason: issue.message.replace(/^Invalid input: /, '').replace(/^Too /, 'too ') };
}
