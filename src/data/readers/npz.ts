/** `.npz`, a zip of .npy arrays, in MedMNIST's layout (Yang et al. 2023): train_images, train_labels, val_*, test_*. */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { readingReason } from '../../disk.ts';
import { fail } from '../../errors.ts';
import { listFolder } from '../directory.ts';
import { roleOf, sourceOfArrays } from '../named-arrays.ts';
import { type NpyArray, parseNpy } from '../npy.ts';
import type { Reader } from './reader.ts';

export const npz: Reader = {
  format: 'NumPy .npz',
  detect: async (path) => (await fileOf(path)) !== null,
  read: async (path, { onProgress, signal }) => {
    const file = (await fileOf(path))!;
    const bytes = await readFile(file).catch((error) =>
      fail('DATA_CORRUPT', { file, reason: readingReason(error) }, error),
    );
    signal?.throwIfAborted();
    const arrays = new Map<string, NpyArray>();
    const { unzipSync } = await import('fflate');
    const entries = (() => {
      try {
        return unzipSync(bytes, { filter: ({ name }) => roleOf(arrayName(name)) !== null });
      } catch (error) {
        const reason = `it cannot be unzipped (${error instanceof Error ? error.message : error})`;
        return fail('DATA_CORRUPT', { file, reason }, error);
      }
    })();
    for (const [name, content] of Object.entries(entries))
      arrays.set(arrayName(name), parseNpy(content, `${file}/${name}`));
    onProgress?.(1, 1);
    return sourceOfArrays(npz.format, arrays, {
      folder: dirname(file),
      placeOf: (name) => `${file}/${name}.npy`,
    });
  },
};

const arrayName = (entry: string): string => entry.replace(/\.npy$/i, '');

/** The path itself, or the only .npz in it. */
async function fileOf(path: string): Promise<string | null> {
  if (/\.npz$/i.test(path)) return path;
  const files = (await listFolder(path)).files.filter((file) => /\.npz$/i.test(file));
  return files.length === 1 ? join(path, files[0]!) : null;
}
