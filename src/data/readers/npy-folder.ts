/** A folder of .npy files: x_train.npy, y_train.npy and so on, or train_images.npy, train_labels.npy. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fail } from '../../errors.ts';
import { listFolder } from '../directory.ts';
import { roleOf, sourceOfArrays } from '../named-arrays.ts';
import { type NpyArray, parseNpy } from '../npy.ts';
import type { Reader } from './reader.ts';

export const npyFolder: Reader = {
  format: 'NumPy .npy files',
  detect: async (path) => (await arrayFiles(path)).length >= 2,
  read: async (path, { onProgress, signal }) => {
    const files = await arrayFiles(path);
    const arrays = new Map<string, NpyArray>();
    for (const file of files) {
      signal?.throwIfAborted();
      const place = join(path, file);
      const bytes = await readFile(place).catch((error) =>
        fail(
          'DATA_CORRUPT',
          { file: place, reason: `it cannot be read (${error.code ?? error.message})` },
          error,
        ),
      );
      arrays.set(nameOf(file), parseNpy(bytes, place));
      onProgress?.(arrays.size, files.length);
    }
    return sourceOfArrays(npyFolder.format, arrays, {
      folder: path,
      placeOf: (name) => join(path, `${name}.npy`),
    });
  },
};

const nameOf = (file: string): string => file.replace(/\.npy$/i, '');

const arrayFiles = async (path: string): Promise<string[]> =>
  (await listFolder(path)).files.filter((file) => /\.npy$/i.test(file) && roleOf(nameOf(file)) !== null);
