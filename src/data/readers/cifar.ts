/**
 * CIFAR-10 and CIFAR-100, "binary version" (Krizhevsky 2009): records of one label byte (two in CIFAR-100: coarse, fine)
 * and 3072 planar bytes, 32×32 RGB.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readingReason } from '../../disk.ts';
import { fail } from '../../errors.ts';
import { classCount, linesOf } from '../class-names.ts';
import { listFolder } from '../directory.ts';
import { joinSplits, packedSource, packedSplit } from '../packed-images.ts';
import type { SourceSplit } from '../source.ts';
import type { Reader, ReadOptions } from './reader.ts';

const SHAPE = { channels: 3, height: 32, width: 32 } as const;
const PIXELS = 3 * 32 * 32;

interface Variant {
  readonly train: readonly string[];
  readonly test: string;
  readonly labelBytes: number;
  readonly names: string;
}

const VARIANTS: readonly Variant[] = [
  {
    train: [1, 2, 3, 4, 5].map((n) => `data_batch_${n}.bin`),
    test: 'test_batch.bin',
    labelBytes: 1,
    names: 'batches.meta.txt',
  },
  { train: ['train.bin'], test: 'test.bin', labelBytes: 2, names: 'fine_label_names.txt' },
];

export const cifar: Reader = {
  format: 'CIFAR binary',
  detect: async (path) => (await variantOf(path)) !== undefined,
  read: async (path, options) => {
    const variant = (await variantOf(path))!;
    const { files } = await listFolder(path);
    const present = variant.train.filter((file) => files.includes(file));
    const total = present.length + 1;
    const parts: SourceSplit[] = [];
    for (const file of present) {
      parts.push(await readRecords(path, file, variant, options));
      options.onProgress?.(parts.length, total);
    }
    const train = joinSplits(parts);
    const test = files.includes(variant.test)
      ? await readRecords(path, variant.test, variant, options)
      : undefined;
    options.onProgress?.(total, total);
    const count = classCount(test ? [train.labels, test.labels] : [train.labels]);
    const names = await linesOf(join(path, variant.names));
    const classes = names.length >= count ? names : Array.from({ length: count }, (_, i) => String(i));
    const missing = variant.train.filter((file) => !files.includes(file));
    const source = packedSource(cifar.format, classes, SHAPE, test ? { train, test } : { train });
    return {
      ...source,
      notes: missing.length > 0 ? [`Parts of the training images are missing: ${missing.join(', ')}.`] : [],
    };
  },
};

async function variantOf(path: string): Promise<Variant | undefined> {
  const { files } = await listFolder(path);
  return VARIANTS.find((variant) => variant.train.some((file) => files.includes(file)));
}

async function readRecords(
  folder: string,
  file: string,
  { labelBytes }: Variant,
  { signal }: ReadOptions,
): Promise<SourceSplit> {
  signal?.throwIfAborted();
  const path = join(folder, file);
  const bytes = await readFile(path).catch((error) =>
    fail('DATA_CORRUPT', { file: path, reason: readingReason(error) }, error),
  );
  const record = labelBytes + PIXELS;
  if (bytes.length === 0 || bytes.length % record !== 0)
    fail('DATA_CORRUPT', {
      file: path,
      reason: `its ${bytes.length} bytes are not whole records of ${record} bytes`,
    });
  const count = bytes.length / record;
  const images = new Uint8Array(count * PIXELS);
  const labels = new Uint16Array(count);
  for (let i = 0; i < count; i++) {
    labels[i] = bytes[i * record + labelBytes - 1]!;
    images.set(bytes.subarray(i * record + labelBytes, (i + 1) * record), i * PIXELS);
  }
  return packedSplit({ file, count, images, labels }, SHAPE);
}
