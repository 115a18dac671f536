/**
 * A folder for each class with its images, with or without train/val/test folders above them. Images may lie deeper; files
 * that are not images by their extension are left out, images that cannot be decoded are listed and left out.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readingReason } from '../../disk.ts';
import { fail } from '../../errors.ts';
import type { SplitName } from '../dataset.ts';
import { type DecodedImage, decodeImage, measureImage, withChannels } from '../decode-image.ts';
import { listFolder } from '../directory.ts';
import { hashPixels } from '../packed-images.ts';
import { resizer } from '../resize.ts';
import type { ImageSize, ImageSource, SourceSplit, UnreadableImage } from '../source.ts';
import { sizeSummary, workingSize } from '../working-size.ts';
import { findImages, type ImageFile } from './find-images.ts';
import type { Reader, ReadOptions } from './reader.ts';

/** Decoding runs on the four threads of libuv's pool; twice as many in flight keep them busy while bytes are read. */
const IN_FLIGHT = 8;
/** Headers looked at to choose the working size. */
const SAMPLED_SIZES = 200;
const PROGRESS_EVERY = 100;

/** A decoded file at the working size. */
interface ReadyImage extends ImageFile {
  readonly channels: 1 | 3;
  readonly pixels: Uint8Array;
  readonly hash: string;
  readonly original: ImageSize;
}

export const classFolders: Reader = {
  format: 'class folders',
  detect: async (path) => (await listFolder(path)).folders.length > 0,
  read: async (path, options) => {
    const { files, notes } = await findImages(path);
    if (files.length === 0)
      fail('DATA_EMPTY', { path, reason: 'its folders hold no files with the extension of an image' });
    const sample = await sampleSizes(path, files, options);
    const size = workingSize(sample, options.imageSize);
    const { images, unreadable } = await decodeAll(
      path,
      files,
      { size, large: hasLarge(sample, size) },
      options,
    );
    if (images.length === 0)
      fail('DATA_EMPTY', {
        path,
        reason: `none of ${files.length} images can be decoded; ${unreadable[0]!.file}: ${unreadable[0]!.reason}`,
      });
    return assemble(images, unreadable, size, [...notes, ...emptyClasses(files, images)]);
  },
};

/** Of files evenly spread over the list; unreadable ones do not count. */
async function sampleSizes(
  path: string,
  files: readonly ImageFile[],
  { signal }: ReadOptions,
): Promise<ImageSize[]> {
  const step = Math.max(1, files.length / SAMPLED_SIZES);
  const chosen = Array.from(
    { length: Math.min(files.length, SAMPLED_SIZES) },
    (_, i) => files[Math.floor(i * step)]!,
  );
  const sizes: ImageSize[] = [];
  for (const { file } of chosen) {
    signal?.throwIfAborted();
    const size = await readFile(join(path, file))
      .then(measureImage)
      .catch(() => null);
    if (size) sizes.push({ width: size.width, height: size.height });
  }
  // Every sampled file unreadable: the size does not matter for the error that follows, or for the few that remain.
  return sizes.length > 0 ? sizes : [{ width: 32, height: 32 }];
}

/** Whether some are so large that reading their headers first (see decodeImage) saves more than it costs. */
const hasLarge = (sample: readonly ImageSize[], size: ImageSize): boolean =>
  sample.some(({ width, height }) => width >= 8 * size.width && height >= 8 * size.height);

async function decodeAll(
  path: string,
  files: readonly ImageFile[],
  { size, large }: { readonly size: ImageSize; readonly large: boolean },
  { onProgress, signal }: ReadOptions,
): Promise<{ images: ReadyImage[]; unreadable: UnreadableImage[] }> {
  const results: (ReadyImage | UnreadableImage)[] = new Array(files.length);
  let next = 0;
  let done = 0;
  const work = async (): Promise<void> => {
    while (next < files.length) {
      signal?.throwIfAborted();
      const index = next++;
      const file = files[index]!;
      try {
        const image = await decodeImage(await readFile(join(path, file.file)), large ? size : undefined);
        results[index] = { ...file, ...ready(image, size) };
      } catch (error) {
        results[index] = { file: file.file, reason: readingReason(error) };
      }
      done++;
      if (done % PROGRESS_EVERY === 0 || done === files.length) onProgress?.(done, files.length);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, work));
  const images: ReadyImage[] = [];
  const unreadable: UnreadableImage[] = [];
  for (const result of results)
    if ('reason' in result) unreadable.push(result);
    else images.push(result);
  return { images, unreadable };
}

function ready(
  image: DecodedImage,
  size: ImageSize,
): Pick<ReadyImage, 'channels' | 'pixels' | 'hash' | 'original'> {
  const { channels, original } = image;
  const pixels = resizer(channels, image, size)(image.pixels);
  return { channels, pixels, hash: hashPixels(image.pixels, original.width, original.height), original };
}

function assemble(
  images: readonly ReadyImage[],
  unreadable: readonly UnreadableImage[],
  { width, height }: ImageSize,
  notes: readonly string[],
): ImageSource {
  const classes = sortClasses([...new Set(images.map((image) => image.class))]);
  const indexOf = new Map(classes.map((name, index) => [name, index]));
  const channels = images.some((image) => image.channels === 3) ? 3 : 1;
  const size = channels * width * height;
  const splitOf = (name: SplitName): SourceSplit => {
    const members = images.filter((image) => image.split === name);
    const bytes = new Uint8Array(members.length * size);
    members.forEach((image, i) => {
      bytes.set(withChannels(image.pixels, image.channels, channels), i * size);
    });
    return {
      count: members.length,
      images: bytes,
      labels: Uint16Array.from(members, (image) => indexOf.get(image.class)!),
      names: members.map((image) => image.file),
      hashes: members.map((image) => image.hash),
    };
  };
  const val = splitOf('val');
  const test = splitOf('test');
  return {
    format: classFolders.format,
    classes,
    channels,
    height,
    width,
    splits: {
      train: splitOf('train'),
      ...(val.count > 0 ? { val } : {}),
      ...(test.count > 0 ? { test } : {}),
    },
    sizes: sizeSummary(images.map((image) => image.original)),
    unreadable,
    notes,
  };
}

/** Numbers by value, so that class 10 follows 9; other names by code units. */
function sortClasses(names: readonly string[]): string[] {
  const numeric = names.every((name) => /^\d+$/.test(name));
  return numeric ? [...names].sort((a, b) => Number(a) - Number(b)) : [...names].sort();
}

function emptyClasses(files: readonly ImageFile[], images: readonly ReadyImage[]): string[] {
  const usable = new Set(images.map((image) => image.class));
  return [...new Set(files.map((file) => file.class))]
    .filter((name) => !usable.has(name))
    .map((name) => `None of the images of class ${name} can be decoded; the class was left out.`);
}
