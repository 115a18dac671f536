/** Listings of folders as readers need them. */
import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { readingReason } from '../disk.ts';
import { fail } from '../errors.ts';

export interface Listing {
  readonly files: readonly string[];
  readonly folders: readonly string[];
}

/**
 * Names of a folder's files and subfolders in code-unit order, hidden ones left out. Links are followed; those that lead
 * nowhere count as files, so that they are missed. Empty if there is no such folder.
 * @throws DATA_ACCESS for a folder that may not be read: its images would be missing without a word
 */
export async function listFolder(path: string): Promise<Listing> {
  const entries = await readdir(path, { withFileTypes: true }).catch(
    (error: NodeJS.ErrnoException): Dirent[] => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return [];
      return fail('DATA_ACCESS', { path, reason: readingReason(error) }, error);
    },
  );
  const files: string[] = [];
  const folders: string[] = [];
  for (const entry of entries) {
    if (entry.name.startsWith('.') || entry.name === '__MACOSX') continue;
    const kind = entry.isSymbolicLink() ? await stat(join(path, entry.name)).catch(() => null) : entry;
    if (kind?.isDirectory()) folders.push(entry.name);
    else if (kind === null || kind.isFile()) files.push(entry.name);
  }
  return { files: files.sort(), folders: folders.sort() };
}

/** Paths of all files below a folder, relative to it, with `/`. */
export async function listTree(path: string): Promise<string[]> {
  const { files, folders } = await listFolder(path);
  const below = await Promise.all(
    folders.map(async (folder) => (await listTree(join(path, folder))).map((file) => `${folder}/${file}`)),
  );
  return [...files, ...below.flat()];
}
