/** From a path to a data set in memory and the report about it. */
import { stat } from 'node:fs/promises';
import { basename, extname, join, resolve } from 'node:path';
import { fail } from '../errors.ts';
import { createRandom } from '../random.ts';
import { assembleDataset, type LoadedDataset } from './assemble.ts';
import { IMAGE_EXTENSIONS } from './decode-image.ts';
import { listFolder } from './directory.ts';
import { drawnDataset } from './drawn.ts';
import { READERS } from './readers/index.ts';
import type { Reader } from './readers/reader.ts';

/** How images are split, resized and read. */
export interface LoadOptions {
  /** Decides the splits that are made here, and draws the built-in data. */
  readonly seed: number | string;
  /**
   * Side of the square that images are resized to, in pixels, ≥ 1. By default their common size where that is at most
   * 128, else their median size scaled down to at most 128 and rounded to multiples of 4.
   */
  readonly imageSize?: number | undefined;
  /** Read images as grey (1) or RGB (3). Default: grey when all of them are. */
  readonly channels?: 1 | 3 | undefined;
  /** Called as files are read. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Ends the reading between two files. */
  readonly signal?: AbortSignal;
}

/** The name of the built-in data, see drawn.ts. A folder of that name is meant by `./drawn`. */
export const BUILT_IN = 'drawn';

/**
 * Reads class folders, IDX, .npz, .npy or CIFAR binary data, whichever `path` is, and splits what is not split: 15 %
 * each for validation and test of a source without splits, 10 % (at most 10,000) of the training images for the one
 * that is missing, in the classes' proportions, identical images on one side. `drawn` is the built-in data.
 * @throws DATA_NOT_FOUND when there is nothing at the path; DATA_FORMAT when no reader knows it; DATA_EMPTY,
 *   DATA_ONE_CLASS, DATA_TOO_FEW when there is nothing to search on; DATA_CORRUPT when a packed file is damaged
 *   (images that cannot be decoded are left out and reported); IMAGE_LIBRARY when sharp cannot be loaded; USAGE when
 *   `imageSize` is no whole number above 0; what `signal` was aborted with
 */
export async function loadImageDataset(path: string, options: LoadOptions): Promise<LoadedDataset> {
  const { seed, onProgress, signal, imageSize, channels } = options;
  if (imageSize !== undefined && !(Number.isInteger(imageSize) && imageSize > 0))
    fail('USAGE', {
      what: `imageSize is ${imageSize}`,
      hint: 'Give the side in pixels, a whole number above 0.',
    });
  if (path === BUILT_IN) return drawnDataset({ seed, imageSize, channels });
  const { reader, root } = await findReader(path);
  const source = await reader.read(root, { imageSize, onProgress, signal });
  signal?.throwIfAborted();
  return assembleDataset(source, {
    name: basename(resolve(path)),
    path,
    synthetic: false,
    random: createRandom(seed).split('splits'),
    imageSize,
    channels,
  });
}

/** Whether there is data that a reader knows, before anything is read. @throws DATA_NOT_FOUND, DATA_FORMAT, DATA_EMPTY */
export async function checkData(path: string): Promise<void> {
  if (path !== BUILT_IN) await findReader(path);
}

/** The reader, and the folder that it should read: a folder that holds nothing but another folder is passed through. */
async function findReader(path: string): Promise<{ reader: Reader; root: string }> {
  const found = await stat(path).catch((error) =>
    fail(
      'DATA_NOT_FOUND',
      {
        path,
        reason: error.code === 'ENOENT' ? 'no such file or folder' : `it cannot be opened (${error.code})`,
      },
      error,
    ),
  );
  const { classFolders, ...packed } = READERS;
  for (let root = path; ; ) {
    for (const reader of Object.values(packed)) if (await reader.detect(root)) return { reader, root };
    if (!found.isDirectory()) break;
    const child = await onlyFolder(root);
    if (child === null) {
      if (await classFolders.detect(root)) return { reader: classFolders, root };
      break;
    }
    root = child;
  }
  return explainUnknown(path, found.isDirectory());
}

/** The only thing worth looking at in a folder; null when that is the folder itself. */
async function onlyFolder(path: string): Promise<string | null> {
  const { files, folders } = await listFolder(path);
  const [only] = folders;
  if (folders.length !== 1 || only === undefined || files.some(isImage)) return null;
  const inside = await listFolder(join(path, only));
  // A folder of images alone is a class, and the error about a single class says more than one about its images.
  return inside.folders.length === 0 && inside.files.some(isImage) ? null : join(path, only);
}

async function explainUnknown(path: string, folder: boolean): Promise<never> {
  const { files, folders } = await listFolder(path);
  if (folder && files.length === 0 && folders.length === 0)
    return fail('DATA_EMPTY', { path, reason: 'the folder is empty' });
  if (folder && files.some(isImage))
    return fail('DATA_FORMAT', {
      path,
      reason: 'its images do not lie in class folders',
      hint: 'Put the images of each class into a folder named after the class.',
    });
  if (/\.(zip|tar|tgz|tar\.gz|7z|rar)$/i.test(path))
    return fail('DATA_FORMAT', { path, reason: 'it is an archive', hint: 'Unpack it and give the folder.' });
  return fail('DATA_FORMAT', {
    path,
    reason: folder ? `it holds ${[...files, ...folders].slice(0, 3).join(', ')}` : 'its name fits none',
    hint: `Give class folders of images, or ${Object.values(READERS)
      .map((reader) => reader.format)
      .filter((format) => format !== READERS.classFolders.format)
      .join(', ')}.`,
  });
}

const isImage = (file: string): boolean => IMAGE_EXTENSIONS.has(extname(file).toLowerCase());
