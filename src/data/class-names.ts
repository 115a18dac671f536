/** Names of the classes of formats that know only their numbers. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { listFolder } from './directory.ts';

/** Highest label over the splits, plus one. */
export function classCount(labels: readonly Uint16Array[]): number {
  let highest = -1;
  for (const split of labels) for (const label of split) if (label > highest) highest = label;
  return highest + 1;
}

/** The lines of `classes.txt` or `labels.txt` in the folder where there are enough of them; else the numbers. */
export async function classNames(folder: string, count: number): Promise<string[]> {
  const { files } = await listFolder(folder);
  const file = files.find((name) => name === 'classes.txt' || name === 'labels.txt');
  const lines = file ? await linesOf(join(folder, file)) : [];
  const distinct = new Set(lines).size === lines.length;
  return lines.length >= count && distinct ? lines : Array.from({ length: count }, (_, i) => String(i));
}

/** Lines with content, trimmed; none when the file cannot be read. */
export async function linesOf(path: string): Promise<string[]> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
}
