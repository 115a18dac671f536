/** Search spaces by preset name or by the path of a user's module. */
import { resolve } from 'node:path';
import { EspalierError, fail } from '../errors.ts';
import { didYouMean } from '../nearest.ts';
import { PRESETS } from '../space/presets/index.ts';
import type { SearchSpace } from '../space/space.ts';
import { loadModule } from './load-module.ts';
import { thrownAt } from './module-error.ts';

/** Whether `reference` names a file rather than a preset. */
export const isModulePath = (reference: string): boolean => /[\\/]|\.[cm]?[jt]s$/.test(reference);

const isSpace = (value: unknown): value is SearchSpace =>
  typeof value === 'object' &&
  value !== null &&
  'root' in value &&
  'build' in value &&
  typeof value.build === 'function';

/**
 * The space in what a module exports: its default export, its export `space`, or the `space` of its default export (a
 * configuration file). Null when there is none.
 */
export function spaceOf(exports: Readonly<Record<string, unknown>>): SearchSpace | null {
  const { default: main, space } = exports;
  const carried = typeof main === 'object' && main !== null && 'space' in main ? main.space : null;
  for (const candidate of [main, space, carried]) if (isSpace(candidate)) return candidate;
  return null;
}

/**
 * The search space of a name.
 * @param reference a preset's name, or the path of a module (JavaScript or TypeScript), relative to `from`: its
 *   default export, its export `space`, or the `space` of its default export
 * @throws SPACE_UNKNOWN when there is no such preset, or the module exports no space; MODULE_LOAD when it cannot be
 *   loaded
 */
export async function loadSpace(reference: string, from = process.cwd()): Promise<SearchSpace> {
  const preset = findPreset(reference);
  if (preset !== null) return preset;
  const space =
    spaceOf(await loadModule(reference, from)) ??
    fail('SPACE_UNKNOWN', {
      name: reference,
      reason: 'the module exports no space',
      meant: '',
      known: PRESET_NAMES.join(', '),
    });
  return { ...space, build: (genome, io) => located(() => space.build(genome, io), reference, from) };
}

/** What the module's own code throws while it builds gets the line that threw it. */
function located<T>(build: () => T, reference: string, from: string): T {
  try {
    return build();
  } catch (error) {
    if (!(error instanceof EspalierError) || error.code !== 'SPACE_BUILD' || error.cause === undefined)
      throw error;
    const place = thrownAt(error.cause, resolve(from, reference));
    return fail(
      'SPACE_BUILD',
      { ...error.details, reason: `${error.details.reason} (${reference}${place})` },
      error.cause,
    );
  }
}

const BY_NAME: Readonly<Record<string, SearchSpace>> = PRESETS;
const PRESET_NAMES = Object.keys(PRESETS);

/** The preset of a name; null for the path of a module. @throws SPACE_UNKNOWN for any other text */
export function findPreset(reference: string): SearchSpace | null {
  if (Object.hasOwn(BY_NAME, reference)) return BY_NAME[reference]!;
  if (isModulePath(reference)) return null;
  return fail('SPACE_UNKNOWN', {
    name: reference,
    reason: 'no preset has that name',
    meant: didYouMean(reference, PRESET_NAMES),
    known: PRESET_NAMES.join(', '),
  });
}
