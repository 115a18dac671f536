/** The storages by the scheme of their URL. To add one: one file, one row. */
import { fail } from '../errors.ts';
import { createMemoryStorage } from './memory.ts';
import { openSqlite, type SqliteOptions } from './sqlite.ts';
import type { StudyStorage } from './storage.ts';

type Open = (place: string, options: SqliteOptions) => Promise<StudyStorage>;

const STORAGES = {
  memory: async () => createMemoryStorage(),
  sqlite: openSqlite,
} satisfies Record<string, Open>;

/**
 * Opens a study's storage: `sqlite:runs/a/study.db` or a path alone for a file, `memory:` for one that ends with the
 * process.
 * @throws USAGE for an unknown scheme; what {@link openSqlite} throws
 */
export async function openStorage(
  url: string,
  options: SqliteOptions = { mode: 'write' },
): Promise<StudyStorage> {
  // A scheme has two letters or more: `C:\runs` is a path.
  const [, scheme = 'sqlite', place] = /^(?:([a-z][a-z0-9+]+):(?:\/\/)?)?(.*)$/is.exec(url)!;
  const known: Readonly<Record<string, Open>> = STORAGES;
  const open = Object.hasOwn(known, scheme.toLowerCase()) ? known[scheme.toLowerCase()] : undefined;
  if (open === undefined || (place === '' && open !== STORAGES.memory))
    return fail('USAGE', {
      what: `"${url}" is no place for a study`,
      hint: 'Give the path of a file, sqlite:PATH, or memory: for a study that nobody will resume.',
    });
  return open(place!, options);
}
