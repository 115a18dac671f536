/** Files that are whole or not there, and what keeps a file from being written, in words. */
import { accessSync, constants, existsSync, mkdirSync, statSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { type Details, type ErrorCode, EspalierError, fail } from './errors.ts';

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'your quota of the disk is used up',
  EFBIG: 'the file would be larger than the system allows',
  EROFS: 'the disk is read-only',
  EACCES: 'you may not write there',
  EPERM: 'you may not write there',
  EIO: 'the disk reports an error',
  ENOENT: 'its folder is not there',
  ENOTDIR: 'a part of the path is a file, not a folder',
  EISDIR: 'it is a folder',
};

const READING_REASONS: Readonly<Record<string, string>> = {
  ...REASONS,
  EACCES: 'you may not read it',
  EPERM: 'you may not read it',
  ENOENT: 'it is not there, or a link that leads nowhere',
};

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';

/** Why a file cannot be written, in words. */
export const diskReason = (error: unknown): string =>
  REASONS[codeOf(error)] ?? (error instanceof Error ? error.message : String(error));

/** Why a file cannot be read, in words. */
export const readingReason = (error: unknown): string =>
  READING_REASONS[codeOf(error)] ?? (error instanceof Error ? error.message : String(error));

/** An error of the table that can cross to another process. */
export interface DiskTrouble {
  /** Of the table of errors. */
  readonly code: ErrorCode;
  /** What fills its message. */
  readonly details: Details;
}

const OF_THE_DISK: readonly ErrorCode[] = ['STORAGE', 'DATA_CACHE', 'DATA_CACHE_WRITE'];
const SYSTEM: readonly string[] = ['ENOSPC', 'EDQUOT', 'EROFS', 'EIO'];

/** What the disk has to do with an error: it is then nobody else's fault. Undefined when nothing. */
export function diskTroubleOf(error: unknown): DiskTrouble | undefined {
  if (error instanceof EspalierError)
    return OF_THE_DISK.includes(error.code) ? { code: error.code, details: error.details } : undefined;
  if (!SYSTEM.includes(codeOf(error))) return undefined;
  const path = error instanceof Error && 'path' in error ? String(error.path) : 'the disk';
  return { code: 'STORAGE', details: { path, reason: diskReason(error) } };
}

/**
 * Writes a file whole or not at all: a crash while writing leaves what was there before, a failure leaves no rest.
 * @throws STORAGE
 */
export async function writeWhole(
  path: string,
  content: string | Uint8Array,
  options: { readonly mode?: number } = {},
): Promise<void> {
  const temporary = `${path}.${process.pid}.part`;
  try {
    await writeFile(temporary, content, options);
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => undefined);
    fail('STORAGE', { path, reason: diskReason(cause) }, cause);
  }
}

/** A file that somebody named, and whether it may take the place of one that is there. */
export interface OutFile {
  readonly path: string;
  /** Whether the user said so. */
  readonly overwrite: boolean;
  /** The flag that named the file; `--out` by default. */
  readonly flag?: string;
}

/**
 * Sees that a file can be written at a path, before the work whose result it is to hold.
 * @throws STORAGE when its folder is not there or may not be written to, or the path is no place for a file; FILE_EXISTS
 *   when a file is there that may not be replaced
 */
export function checkPlace({ path, overwrite, flag = '--out' }: OutFile): void {
  try {
    accessSync(`${dirname(resolve(path))}/`, constants.W_OK);
  } catch (cause) {
    fail('STORAGE', { path, reason: diskReason(cause) }, cause);
  }
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  const hint = 'Give the name of a file.';
  if (found.isDirectory()) fail('STORAGE', { path, reason: 'it is a folder', hint });
  // Replaced, a device such as /dev/null would be gone.
  if (!found.isFile()) fail('STORAGE', { path, reason: 'it is not a regular file', hint });
  if (!overwrite)
    fail('FILE_EXISTS', {
      path,
      hint: `Choose another name with ${flag}, or give --overwrite to replace it.`,
    });
}

/** A file that a process was writing beside its place: left behind only where it was killed. */
export const isPart = (name: string): boolean => /\.\d+(-[0-9a-f]+)?\.(part|tmp)$/.test(name);

/**
 * Makes a folder, with those above it, and sees that it can be written to.
 * @returns the topmost folder that was not there before; null when all were
 * @throws STORAGE
 */
export function makeFolder(path: string): string | null {
  let there = resolve(path);
  while (!existsSync(there)) there = dirname(there);
  try {
    if (!statSync(there).isDirectory())
      fail('STORAGE', {
        path,
        reason: there === resolve(path) ? 'it is a file, not a folder' : `${there} is a file, not a folder`,
      });
    // Asked first: for a disk that is read-only, mkdir says that the folder does not exist.
    accessSync(there, constants.W_OK);
    return mkdirSync(path, { recursive: true }) ?? null;
  } catch (cause) {
    if (cause instanceof EspalierError) throw cause;
    return fail('STORAGE', { path, reason: diskReason(cause) }, cause);
  }
}
