/** Imports a module of the user's, TypeScript included. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { tsImport } from 'tsx/esm/api';
import { fail } from '../errors.ts';

/**
 * The exports of the module at `path` (relative to `from`). Its imports are resolved from its own place.
 * @throws MODULE_LOAD when it is missing or throws while it loads
 */
export async function loadModule(path: string, from: string): Promise<Readonly<Record<string, unknown>>> {
  const file = resolve(from, path);
  if (!existsSync(file)) fail('MODULE_LOAD', { path, reason: 'there is no such file' });
  try {
    return await tsImport(pathToFileURL(file).href, import.meta.url);
  } catch (cause) {
    // A compiler's message has its own place and caret lines; the first line says what is wrong.
    const reason = (cause instanceof Error ? cause.message : String(cause)).trim().split('\n')[0]!;
    return fail('MODULE_LOAD', { path, reason }, cause);
  }
}
