import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from 'vitest';
import { smallDisk, whyNoDisk } from '../test/fixtures/small-disk.ts';
import { checkPlace, diskTroubleOf, isPart, makeFolder, writeWhole } from './disk.ts';
import { EspalierError } from './errors.ts';

const folder = mkdtempSync(join(tmpdir(), 'espalier-disk-test-'));
afterAll(() => rmSync(folder, { recursive: true }));
const why = whyNoDisk();
const disks: { readonly remove: () => void }[] = [];
afterEach(() => {
  for (const disk of disks.splice(0)) disk.remove();
});
const disk = (kilobytes: number) => {
  const made = smallDisk(kilobytes)!;
  disks.push(made);
  return made;
};

test('a file is replaced whole, and nothing stays beside it', async () => {
  const path = join(folder, 'file');
  await writeWhole(path, 'before');
  await writeWhole(path, 'after');
  expect(readFileSync(path, 'utf8')).toBe('after');
  expect(readdirSync(folder)).toEqual(['file']);
});

test('a folder that is not there is said to be missing', async () => {
  await expect(writeWhole(join(folder, 'no', 'file'), 'x')).rejects.toMatchObject({
    code: 'STORAGE',
    message: `Cannot use ${join(folder, 'no', 'file')}: its folder is not there`,
  });
});

test('a place for a file is looked at beforehand', () => {
  const check = (path: string, overwrite = false) => checkPlace({ path, overwrite });
  expect(() => check(join(folder, 'new'))).not.toThrow();
  expect(() => check(join(folder, 'no', 'file'))).toThrow('its folder is not there');
  expect(() => check(folder, true)).toThrow('it is a folder');
  expect(() => check('/dev/null', true)).toThrow('it is not a regular file');
});

test('a file that is there is replaced only where the user said so', () => {
  const path = join(folder, 'taken');
  writeFileSync(path, 'mine');
  expect(() => checkPlace({ path, overwrite: true })).not.toThrow();
  expect(() => checkPlace({ path, overwrite: false, flag: '--plot' })).toThrow(
    expect.objectContaining({
      code: 'FILE_EXISTS',
      hint: expect.stringContaining('--plot, or give --overwrite'),
    }),
  );
});

test.skipIf(why !== '')(`a full disk is told as such, and the file of before stays${why}`, async () => {
  const { path } = disk(64);
  const file = join(path, 'file');
  await writeWhole(file, 'before');
  await expect(writeWhole(file, new Uint8Array(100_000))).rejects.toMatchObject({
    code: 'STORAGE',
    message: `Cannot use ${file}: the disk is full`,
  });
  expect(readFileSync(file, 'utf8')).toBe('before');
  expect(readdirSync(path)).toEqual(['file']);
});

test.skipIf(why !== '')(`a read-only disk is told as such${why}`, async () => {
  const small = disk(64);
  small.setWritable(false);
  await expect(writeWhole(join(small.path, 'file'), 'x')).rejects.toThrow('the disk is read-only');
  // Node's mkdir says ENOENT there.
  expect(() => makeFolder(join(small.path, 'a', 'b'))).toThrow('the disk is read-only');
});

test('makeFolder names the topmost folder it made, and a file that is in the way', () => {
  expect(makeFolder(join(folder, 'a', 'b', 'c'))).toBe(join(folder, 'a'));
  expect(makeFolder(join(folder, 'a', 'b'))).toBe(null);
  expect(existsSync(join(folder, 'a', 'b', 'c'))).toBe(true);
  writeFileSync(join(folder, 'plain'), '');
  expect(() => makeFolder(join(folder, 'plain'))).toThrow('it is a file, not a folder');
  expect(() => makeFolder(join(folder, 'plain', 'x'))).toThrow('plain is a file, not a folder');
});

test('what the disk is to blame for, and what not', () => {
  expect(diskTroubleOf(new EspalierError('STORAGE', { path: 'p', reason: 'r' }))).toEqual({
    code: 'STORAGE',
    details: { path: 'p', reason: 'r' },
  });
  expect(diskTroubleOf(new EspalierError('DIVERGED', {}))).toBe(undefined);
  expect(diskTroubleOf(new Error('ENOSPC'))).toBe(undefined);
});

test('parts are told from whole files', () => {
  expect(['model.onnx.42.part', 'dataset.cache.42-0a1b.tmp', 'model.onnx', 'a.part'].map(isPart)).toEqual([
    true,
    true,
    false,
    false,
  ]);
});
