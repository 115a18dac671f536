/**
 * The data set as one binary file, so that a worker process has it in the time of one read.
 *
 * Layout: 8 bytes magic, uint32 length of the header, header (JSON, padded with spaces to a multiple of 8), then for each
 * split images and labels, each padded to 8 bytes. Little-endian, as every platform that ONNX Runtime supports.
 */
import { randomBytes } from 'node:crypto';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { diskReason } from '../disk.ts';
import { fail } from '../errors.ts';
import type { ImageDataset, ImageSplit, SplitName } from './dataset.ts';
import { fingerprintOf } from './fingerprint.ts';

const MAGIC = 'ESPDATA1';
const PREFIX = MAGIC.length + 4;
const SPLITS = ['train', 'val', 'test'] as const satisfies readonly SplitName[];

interface Header extends Omit<ImageDataset, SplitName> {
  /** Images of each split; null where there is none. */
  readonly counts: Readonly<Record<SplitName, number | null>>;
}

const padded = (length: number): number => Math.ceil(length / 8) * 8;

/**
 * Writes a data set as one binary file, which a worker process has in the time of one read. Written beside its place
 * and renamed: nobody ever reads half of it.
 * @throws DATA_CACHE_WRITE when the disk does not let it
 */
export async function writeDatasetCache(dataset: ImageDataset, path: string): Promise<void> {
  const { train, val, test, ...rest } = dataset;
  const header: Header = {
    ...rest,
    counts: { train: train.count, val: val.count, test: test?.count ?? null },
  };
  const json = Buffer.from(JSON.stringify(header));
  const headerLength = padded(PREFIX + json.length) - PREFIX;
  const head = Buffer.alloc(PREFIX + headerLength, ' ');
  head.write(MAGIC, 'latin1');
  head.writeUInt32LE(headerLength, MAGIC.length);
  json.copy(head, PREFIX);

  const temporary = `${path}.${process.pid}-${randomBytes(4).toString('hex')}.tmp`;
  try {
    const file = await open(temporary, 'wx');
    try {
      await file.writeFile(head);
      for (const split of [train, val, test])
        if (split)
          for (const part of [split.images, split.labels]) {
            await file.writeFile(new Uint8Array(part.buffer, part.byteOffset, part.byteLength));
            await file.writeFile(new Uint8Array(padded(part.byteLength) - part.byteLength));
          }
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    fail('DATA_CACHE_WRITE', { path, reason: diskReason(error) }, error);
  }
}

/**
 * Reads what {@link writeDatasetCache} wrote, into views of one buffer.
 * @throws DATA_CACHE when it is missing, of another format, cut short, or its content is not what was written
 */
export async function readDatasetCache(path: string): Promise<ImageDataset> {
  const bytes = await readFile(path).catch((error) =>
    fail('DATA_CACHE', { path, reason: reasonOf(error) }, error),
  );
  if (bytes.length < PREFIX || bytes.toString('latin1', 0, MAGIC.length) !== MAGIC)
    fail('DATA_CACHE', { path, reason: 'it is not a data-set cache of this version' });
  const start = PREFIX + bytes.readUInt32LE(MAGIC.length);
  const header = parseHeader(bytes.subarray(PREFIX, start), path);
  const { counts, ...rest } = header;
  const size = rest.channels * rest.height * rest.width;
  let at = start;
  const expected = SPLITS.reduce((sum, name) => {
    const count = counts[name] ?? 0;
    return sum + padded(count * size) + padded(count * 2);
  }, start);
  if (bytes.length !== expected)
    fail('DATA_CACHE', { path, reason: `it has ${bytes.length} bytes instead of ${expected}` });
  const take = (length: number): Buffer => {
    const part = bytes.subarray(at, at + length);
    at += padded(length);
    return part;
  };
  const read = (count: number): ImageSplit => {
    const images = take(count * size);
    const labels = take(count * 2);
    return {
      count,
      images: new Uint8Array(images.buffer, images.byteOffset, images.length),
      labels: new Uint16Array(labels.buffer, labels.byteOffset, count),
    };
  };
  const train = read(counts.train ?? 0);
  const val = read(counts.val ?? 0);
  const test = counts.test === null ? null : read(counts.test);
  const dataset: ImageDataset = { ...rest, train, val, test };
  if (fingerprintOf(dataset) !== header.fingerprint)
    fail('DATA_CACHE', { path, reason: 'its content does not match its fingerprint' });
  return dataset;
}

function parseHeader(bytes: Buffer, path: string): Header {
  try {
    return JSON.parse(bytes.toString('utf8')) as Header;
  } catch (error) {
    return fail('DATA_CACHE', { path, reason: 'its header is damaged' }, error);
  }
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
