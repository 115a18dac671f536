/**
 * IDX, the format of MNIST and its kin (LeCun, yann.lecun.com/exdb/mnist): big-endian header, then bytes; plain or gzipped.
 * Reads a folder of `train-images-idx3-ubyte` … files, or one images file with its labels beside it.
 */
import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { readingReason } from '../../disk.ts';
import { fail } from '../../errors.ts';
import { classCount, classNames } from '../class-names.ts';
import type { SplitName } from '../dataset.ts';
import { listFolder } from '../directory.ts';
import { labelsOf, packedSource, packedSplit, planarOf } from '../packed-images.ts';
import { type ImageSource, type SourceSplit, SPLIT_NAMES } from '../source.ts';
import type { Reader } from './reader.ts';

const IMAGES = /^(.*?)[-_.]?images?[-_.]idx[34][-_.]ubyte(\.gz)?$/i;
const UNSIGNED_BYTE = 0x08;

interface Found {
  readonly split: SplitName;
  readonly images: string;
  readonly labels: string;
}

export const idx: Reader = {
  format: 'IDX',
  detect: async (path) => (await imageFiles(path)).length > 0,
  read: async (path, { onProgress, signal }) => {
    const found = await pairsOf(path);
    const folder = await folderOf(path);
    const loaded: { found: Found; images: IdxArray; labels: Uint16Array }[] = [];
    for (const pair of found) {
      signal?.throwIfAborted();
      const images = await readIdx(join(folder, pair.images));
      const labels = await readIdx(join(folder, pair.labels));
      if (images.shape[0] !== labels.shape[0] || labels.shape.length !== 1)
        fail('DATA_CORRUPT', {
          file: join(folder, pair.labels),
          reason: `it has ${labels.shape.join('×')} labels for the ${images.shape[0]} images of ${pair.images}`,
        });
      loaded.push({ found: pair, images, labels: labelsOf(labels.bytes, join(folder, pair.labels)) });
      onProgress?.(loaded.length, found.length);
    }
    return assemble(loaded, folder);
  },
};

async function assemble(
  loaded: readonly { found: Found; images: IdxArray; labels: Uint16Array }[],
  folder: string,
): Promise<ImageSource> {
  const reference = loaded.find(({ found }) => found.split === 'train') ?? loaded[0]!;
  const [, height = 0, width = 0, channels = 1] = reference.images.shape;
  if (channels !== 1 && channels !== 3)
    fail('DATA_CORRUPT', {
      file: join(folder, reference.found.images),
      reason: `its images have ${channels} channels`,
    });
  const shape = { channels, height, width } as const;
  const splits: Partial<Record<SplitName, SourceSplit>> = {};
  for (const { found, images, labels } of loaded) {
    const file = found.images;
    const [count = 0, ...rest] = images.shape;
    if (rest.join() !== reference.images.shape.slice(1).join())
      fail('DATA_CORRUPT', {
        file: join(folder, file),
        reason: `its images are ${rest.join('×')}, those of ${reference.found.images} are not`,
      });
    const planar = planarOf(images.bytes, count, channels);
    splits[found.split] = packedSplit({ file, count, images: planar, labels }, shape);
  }
  const { train, ...others } = splits;
  if (!train) return fail('DATA_NOT_FOUND', { path: folder, reason: 'no file of training images' });
  const classes = await classNames(folder, classCount(loaded.map((l) => l.labels)));
  return packedSource(idx.format, classes, shape, { train, ...others });
}

/** Names of the files of images: those of a folder, or the one given. */
async function imageFiles(path: string): Promise<string[]> {
  if (IMAGES.test(basename(path)) && (await isFile(path))) return [basename(path)];
  return (await listFolder(path)).files.filter((file) => IMAGES.test(file));
}

async function pairsOf(path: string): Promise<Found[]> {
  const folder = await folderOf(path);
  const { files } = await listFolder(folder);
  const pairs = (await imageFiles(path)).map((images): Found => {
    const stem = images.replace(/\.gz$/i, '');
    const wanted = stem.replace(/images?/i, (word) => (word.toLowerCase() === 'image' ? 'label' : 'labels'));
    const name = wanted.replace(/idx[34]/i, 'idx1');
    const labels = files.find((file) => file === name || file === `${name}.gz`);
    if (!labels)
      return fail('DATA_NOT_FOUND', {
        path: join(folder, name),
        reason: `the labels of ${images} are missing`,
      });
    return { split: splitOf(images), images, labels };
  });
  // One file alone is the whole of the data, whatever it is called.
  if (pairs.length === 1) return [{ ...pairs[0]!, split: 'train' }];
  // Plain and gzipped copies of the same file may stand side by side.
  const distinct = [...new Map(pairs.map((p) => [p.images.replace(/\.gz$/i, ''), p])).values()];
  for (const pair of distinct) {
    const twin = distinct.find((other) => other !== pair && other.split === pair.split);
    if (twin)
      fail('DATA_FORMAT', {
        path: folder,
        reason: `${pair.images} and ${twin.images} are both ${pair.split} images`,
        hint: 'Give a folder with one data set, or the path of one file of images.',
      });
  }
  return distinct;
}

function splitOf(file: string): SplitName {
  const words = (IMAGES.exec(file)?.[1] ?? '').toLowerCase().split(/[-_.]/);
  for (const word of words.reverse()) {
    const split = SPLIT_NAMES[word];
    if (split) return split;
  }
  return 'train';
}

interface IdxArray {
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

async function readIdx(file: string): Promise<IdxArray> {
  const bytes = await unzipped(file);
  if (bytes.length < 4 || bytes[0] !== 0 || bytes[1] !== 0)
    fail('DATA_CORRUPT', { file, reason: 'it does not begin as an IDX file does' });
  if (bytes[2] !== UNSIGNED_BYTE)
    fail('DATA_CORRUPT', { file, reason: 'its values are not unsigned bytes, which images and labels are' });
  const rank = bytes[3]!;
  const header = 4 + 4 * rank;
  if (bytes.length < header) fail('DATA_CORRUPT', { file, reason: 'it ends inside its header' });
  const shape = Array.from({ length: rank }, (_, i) => bytes.readUInt32BE(4 + 4 * i));
  const length = shape.reduce((product, side) => product * side, 1);
  if (bytes.length - header !== length)
    fail('DATA_CORRUPT', {
      file,
      reason: `its header announces ${shape.join('×')} = ${length} values, but ${bytes.length - header} follow`,
    });
  return { shape, bytes: new Uint8Array(bytes.buffer, bytes.byteOffset + header, length) };
}

async function unzipped(file: string): Promise<Buffer> {
  const bytes = await readFile(file).catch((error) =>
    fail('DATA_CORRUPT', { file, reason: readingReason(error) }, error),
  );
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  return promisify(gunzip)(bytes).catch((error) =>
    fail('DATA_CORRUPT', { file, reason: `it cannot be unzipped (${error.message})` }, error),
  );
}

const isFile = async (path: string): Promise<boolean> =>
  (await stat(path).catch(() => null))?.isFile() ?? false;
const folderOf = async (path: string): Promise<string> => ((await isFile(path)) ? dirname(path) : path);
