import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readDatasetCache, writeDatasetCache } from './cache.ts';
import { datasetOf, randomSplit } from './testing/images.ts';

const SHAPE = { channels: 3, height: 5, width: 3, classes: 3 } as const;
const train = randomSplit(7, SHAPE, 'train');
const val = randomSplit(3, SHAPE, 'val');
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'espalier-cache-'));
});
afterAll(() => rm(folder, { recursive: true }));

test('what was written is read, with and without a test split', async () => {
  for (const test of [null, randomSplit(5, SHAPE, 'test')]) {
    const dataset = datasetOf({ train, val, test }, SHAPE);
    const path = join(folder, 'whole');
    await writeDatasetCache(dataset, path);
    expect(await readDatasetCache(path)).toEqual(dataset);
  }
  expect(await readdir(folder)).toEqual(['whole']);
});

test('a cut, changed, foreign or missing file is refused', async () => {
  const path = join(folder, 'damaged');
  await writeDatasetCache(datasetOf({ train, val }, SHAPE), path);
  const bytes = await readFile(path);
  const refuse = async (content: Uint8Array, reason: RegExp): Promise<void> => {
    await writeFile(path, content);
    await expect(readDatasetCache(path)).rejects.toMatchObject({
      code: 'DATA_CACHE',
      message: expect.stringMatching(reason),
    });
  };
  await refuse(bytes.subarray(0, bytes.length - 8), /bytes instead of/);
  await refuse(bytes.subarray(0, 40), /header is damaged/);
  await refuse(bytes.subarray(0, 5), /not a data-set cache/);
  await refuse(Buffer.from('something else altogether'), /not a data-set cache/);
  const changed = Buffer.from(bytes);
  changed[bytes.length - 30]! ^= 1;
  await refuse(changed, /fingerprint/);
  await rm(path);
  await expect(readDatasetCache(path)).rejects.toMatchObject({ code: 'DATA_CACHE' });
});

test('a place that cannot be written is named, and nothing is left there', async () => {
  const path = join(folder, 'absent', 'cache');
  await expect(writeDatasetCache(datasetOf({ train }, SHAPE), path)).rejects.toMatchObject({
    code: 'DATA_CACHE_WRITE',
    message: expect.stringContaining(path),
  });
});
