/** Imports a module of the user's, TypeScript included. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { tsImport } from 'tsx/esm/api';
import { fail } from '../errors.ts';
import { explainModuleError } from './module-error.ts';
import { lacksEspalier, provideEspalier } from './own-package.ts';

type Exports = Readonly<Record<string, unknown>>;

const isCompiledModule = (value: unknown): value is Exports =>
  typeof value === 'object' && value !== null && '__esModule' in value;

let loading = 0;
let write = process.stdout.write;

/** What a module prints while it loads goes to the other stream: results stand alone on standard output. */
async function quietly<T>(load: () => Promise<T>): Promise<T> {
  const { stdout, stderr } = process;
  if (loading++ === 0) {
    write = stdout.write;
    stdout.write = stderr.write.bind(stderr);
  }
  try {
    return await load();
  } finally {
    if (--loading === 0) stdout.write = write;
  }
}

/** A copy of Espalier that is installed beside the module goes before this one. */
async function imported(file: string): Promise<Exports> {
  const load = (): Promise<Exports> => tsImport(pathToFileURL(file).href, import.meta.url);
  try {
    return await load();
  } catch (error) {
    if (!lacksEspalier(error)) throw error;
    await provideEspalier();
    return load();
  }
}

/**
 * The exports of the module at `path` (relative to `from`). Its imports are resolved from its own place.
 * @throws MODULE_LOAD when it is missing or throws while it loads
 */
export async function loadModule(path: string, from: string): Promise<Exports> {
  const file = resolve(from, path);
  if (!existsSync(file)) fail('MODULE_LOAD', { path, reason: 'there is no such file' });
  try {
    const exports = await quietly(() => imported(file));
    // In a folder without `"type": "module"` the file is compiled to CommonJS, whose exports arrive as the default one.
    const inner = exports.default;
    return isCompiledModule(inner) ? inner : exports;
  } catch (cause) {
    const { place, ...problem } = explainModuleError(cause, file);
    return fail('MODULE_LOAD', { path: `${path}${place}`, ...problem }, cause);
  }
}
