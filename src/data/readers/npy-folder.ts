/** A folder of .npy files: x_train.npy, y_train.npy and so on, or train_images.npy, train_labels.npy. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
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
      arrays.set(nameOf(file), parseNpy(await readFile(join(path, file)), file));
      onProgress?.(arrays.size, files.length);
    }
    return sourceOfArrays(npyFolder.format, arrays, path);
  },
};

const nameOf = (file: string): string => file.replace(/\.npy$/i, '');

const arrayFiles = async (path: string): Promise<string[]> =>
  (await listFolder(path)).files.filter((file) => /\.npy$/i.test(file) && roleOf(nameOf(file)) !== null);
