/**
 * Reads a configuration file: `espalier.config.ts` (or .js, .mjs), or `.yaml`, `.yml`, `.json`. Its keys are those of
 * fields.ts and `data`.
 */
import { existsSync, readFileSync } from 'node:fs';
import { extname, join, resolve } from 'node:path';
import { isMap, isNode, LineCounter, parseDocument } from 'yaml';
import { fail } from '../errors.ts';
import { loadModule } from '../search/load-module.ts';
import { spaceOf } from '../search/load-space.ts';

export interface ConfigFile {
  readonly path: string;
  readonly values: Readonly<Record<string, unknown>>;
  /** Where a value stands: `espalier.config.yaml:3:5: flips`. */
  readonly where: (path: readonly PropertyKey[]) => string;
}

const NAMES = ['ts', 'mts', 'js', 'mjs', 'yaml', 'yml', 'json'].map((ending) => `espalier.config.${ending}`);

/** The configuration file of a folder, or null. */
export function findConfigFile(folder: string): string | null {
  const name = NAMES.find((candidate) => existsSync(join(folder, candidate)));
  return name === undefined ? null : join(folder, name);
}

/** @throws CONFIG, MODULE_LOAD */
export async function readConfigFile(path: string): Promise<ConfigFile> {
  if (!existsSync(path))
    fail('CONFIG', {
      where: path,
      reason: 'there is no such file',
      hint: 'Correct the path given with --config.',
    });
  return /^\.[cm]?[jt]s$/.test(extname(path)) ? readModule(path) : readDocument(path);
}

/** JSON is read as YAML too, of which it is a part: that parser knows lines. */
function readDocument(path: string): ConfigFile {
  const lines = new LineCounter();
  const document = parseDocument(readFileSync(path, 'utf8'), { lineCounter: lines, prettyErrors: false });
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${path}:${line}:${col}`;
  };
  const [error] = document.errors;
  if (error)
    fail('CONFIG', {
      where: at(error.pos[0]),
      reason: error.message,
      hint: 'Correct the file at that place; it must be well-formed YAML or JSON.',
    });
  if (document.contents !== null && !isMap(document.contents))
    fail('CONFIG', {
      where: at(document.contents.range?.[0] ?? 0),
      reason: 'the file is not a list of `name: value` lines',
      hint: 'Write one option a line, for example `time: 10m`.',
    });
  return {
    path,
    values: document.toJS() ?? {},
    where: (keys) => {
      // The last part of the path that stands in the file: a missing key is reported where its parent is.
      for (let length = keys.length; length > 0; length--) {
        const parent = length === 1 ? document.contents : document.getIn(keys.slice(0, length - 1), true);
        const key = isMap(parent)
          ? parent.items.find((pair) => isNode(pair.key) && pair.key.toJSON() === keys[length - 1])?.key
          : document.getIn(keys.slice(0, length), true);
        if (isNode(key) && key.range) return `${at(key.range[0])}: ${keys.join('.')}`;
      }
      return `${path}: ${keys.join('.')}`;
    },
  };
}

async function readModule(path: string): Promise<ConfigFile> {
  const exports = await loadModule(path, process.cwd());
  const values = plainObject(exports.default);
  if (!values)
    fail('CONFIG', {
      where: path,
      reason: 'the default export is not an object',
      hint: "Write `export default { data: './images', time: '10m' }`.",
    });
  // A space cannot be stored with the run, its place can: `resume` finds it in this file again.
  const carried = spaceOf({ default: values.space }) !== null;
  const source = readFileSync(path, 'utf8').split('\n');
  return {
    path,
    values: carried ? { ...values, space: resolve(path) } : values,
    where: (keys) => {
      const place = placeOf(keys, source);
      return `${path}${place === null ? '' : `:${place.line}:${place.column}`}: ${keys.join('.')}`;
    },
  };
}

/** Where the keys of a path are written, each after the one before it; the last that is found. */
function placeOf(
  keys: readonly PropertyKey[],
  source: readonly string[],
): { readonly line: number; readonly column: number } | null {
  let place: { readonly line: number; readonly column: number } | null = null;
  for (const key of keys) {
    const name = String(key).replace(/[^\w]/g, '\\$&');
    const pattern = new RegExp(`(?<=^|[\\s{,])['"]?${name}['"]?\\s*(?=[:,}])`);
    const from: number = place === null ? 0 : place.line - 1;
    const found: number = source.findIndex(
      (text, i) => i >= from && pattern.test(i === from && place !== null ? text.slice(place.column) : text),
    );
    // The index of a list is not written anywhere.
    if (found < 0) continue;
    const skipped: number = found === from && place !== null ? place.column : 0;
    place = { line: found + 1, column: skipped + source[found]!.slice(skipped).search(pattern) + 1 };
  }
  return place;
}

const plainObject = (value: unknown): Record<string, unknown> | null =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : null;
