/** Search strategies by name, or by the path of a user's module. */
import { resolve } from 'node:path';
import { fail } from '../errors.ts';
import { didYouMean } from '../nearest.ts';
import { STRATEGIES } from '../strategy/index.ts';
import type { Strategy } from '../strategy/strategy.ts';
import { loadModule } from './load-module.ts';
import { isModulePath } from './load-space.ts';

const BY_NAME: Readonly<Record<string, Strategy>> = STRATEGIES;

/** Those of modules that were loaded, by path: a module is read once in a process. */
const loaded = new Map<string, Strategy>();

/** @throws USAGE when there is none of that name, or the module of that path was not loaded by {@link loadStrategy} */
export function findStrategy(reference: string): Strategy {
  const known = Object.keys(STRATEGIES);
  // What every object has, `toString` and its like, is no strategy.
  if (Object.hasOwn(BY_NAME, reference)) return BY_NAME[reference]!;
  const own = isModulePath(reference) ? loaded.get(resolve(reference)) : undefined;
  if (own !== undefined) return own;
  return fail('USAGE', {
    what: `There is no strategy "${reference}"`,
    hint: `${didYouMean(reference, known)} Use one of ${known.join(', ')}, or the path of a module.`.trim(),
  });
}

const isStrategy = (value: unknown): value is Strategy =>
  typeof value === 'object' &&
  value !== null &&
  'name' in value &&
  typeof value.name === 'string' &&
  'description' in value &&
  typeof value.description === 'string' &&
  'suggest' in value &&
  typeof value.suggest === 'function';

/**
 * The strategy of a name, or of a module (JavaScript or TypeScript): its default export, or its export `strategy`.
 * {@link findStrategy} knows it from then on.
 * @throws USAGE when there is none of that name, or the module exports none; MODULE_LOAD when it cannot be loaded
 */
export async function loadStrategy(reference: string): Promise<Strategy> {
  const path = resolve(reference);
  if (!isModulePath(reference) || loaded.has(path)) return findStrategy(reference);
  const exports = await loadModule(reference, process.cwd());
  const found = [exports.default, exports.strategy].find(isStrategy);
  if (found === undefined)
    return fail('USAGE', {
      what: `The module ${reference} exports no strategy`,
      hint: 'Export one as default or as "strategy": { name, description, suggest } (docs/searching.md).',
    });
  loaded.set(path, found);
  return found;
}
