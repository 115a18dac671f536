import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import { afterAll, describe, expect, test } from 'vitest';
import type { Trial } from '../study/trial.ts';
import { storageSuite } from '../testing/index.ts';
import { openStorage } from './index.ts';
import { createMemoryStorage } from './memory.ts';
import { openSqlite } from './sqlite.ts';

const ROOT = mkdtempSync(join(tmpdir(), 'espalier-storage-'));
afterAll(() => rmSync(ROOT, { recursive: true, force: true }));
const FILLER = new URL('./testing/fill-storage.ts', import.meta.url).pathname;
let files = 0;
const fresh = (): string => join(ROOT, `study-${files++}.db`);

const trial = (number: number, changes: Partial<Trial> = {}): Trial => ({
  number,
  state: 'running',
  genome: { kernel: 3, stages: [1, null, 'x'] },
  fidelity: 0,
  hash: `h${number}`,
  measures: { params: 12 },
  curve: [],
  reason: null,
  startedAt: 1.5,
  endedAt: null,
  ...changes,
});

storageSuite(test, {
  name: 'memory',
  newPlace: () => async () => createMemoryStorage(),
  durable: false,
});
storageSuite(test, {
  name: 'sqlite',
  newPlace: () => {
    const path = fresh();
    return () => openSqlite(path, { mode: 'write' });
  },
  durable: true,
});

describe('sqlite files', () => {
  test('hold what was told when they are opened again', async () => {
    const path = fresh();
    const first = await openSqlite(path, { mode: 'write' });
    await first.putTrial(trial(0));
    await first.close();
    const second = await openSqlite(path, { mode: 'write' });
    expect(await second.trials()).toEqual([trial(0)]);
    await second.close();
  });

  test('are whole when closed: a copy of the one file is a copy of the study', async () => {
    const path = fresh();
    for (const number of [0, 1]) {
      const storage = await openSqlite(path, { mode: 'write' });
      await storage.putTrial(trial(number));
      await storage.close();
      const copy = fresh();
      copyFileSync(path, copy);
      const copied = await openSqlite(copy, { mode: 'read' });
      expect(await copied.trials()).toHaveLength(number + 1);
      await copied.close();
    }
  });

  test('are whole when closed while they are read', async () => {
    const path = fresh();
    const writer = await openSqlite(path, { mode: 'write' });
    await writer.putTrial(trial(0));
    const reader = await openSqlite(path, { mode: 'read' });
    expect(await reader.trials()).toHaveLength(1);
    await writer.putTrial(trial(1));
    await writer.close();
    expect(await reader.trials()).toHaveLength(2);
    const copy = fresh();
    copyFileSync(path, copy);
    const copied = await openSqlite(copy, { mode: 'read' });
    expect(await copied.trials()).toHaveLength(2);
    await copied.close();
    await reader.close();
  });

  test('have one writer, and readers beside it', async () => {
    const path = fresh();
    const writer = await openSqlite(path, { mode: 'write' });
    await writer.putTrial(trial(0));
    await expect(openSqlite(path, { mode: 'write' })).rejects.toMatchObject({ code: 'STORAGE_LOCKED' });
    const reader = await openSqlite(path, { mode: 'read' });
    expect(await reader.trials()).toHaveLength(1);
    await reader.close();
    await writer.close();
    await (await openSqlite(path, { mode: 'write' })).close();
  });

  test('of a newer version are refused and left alone', async () => {
    const path = fresh();
    await (await openSqlite(path, { mode: 'write' })).close();
    const raw = new Database(path);
    raw.exec('PRAGMA user_version = 99');
    raw.close();
    await expect(openSqlite(path, { mode: 'write' })).rejects.toMatchObject({ code: 'STORAGE_VERSION' });
  });

  test('of other programs are refused', async () => {
    const other = fresh();
    const raw = new Database(other);
    raw.exec('CREATE TABLE notes (x)');
    raw.close();
    await expect(openSqlite(other, { mode: 'write' })).rejects.toMatchObject({ code: 'STORAGE_FOREIGN' });
    const text = fresh();
    writeFileSync(text, 'this is not a database, but it is long enough to look like one'.repeat(50));
    await expect(openSqlite(text, { mode: 'write' })).rejects.toMatchObject({ code: 'STORAGE_FOREIGN' });
  });

  test('that are missing cannot be read', async () => {
    await expect(openSqlite(fresh(), { mode: 'read' })).rejects.toMatchObject({ code: 'STORAGE_MISSING' });
  });

  test.skipIf(process.getuid?.() === 0)(
    'in a folder that may not be written to give a clear error',
    async () => {
      const folder = mkdtempSync(join(ROOT, 'locked-'));
      chmodSync(folder, 0o500);
      await expect(openSqlite(join(folder, 'study.db'), { mode: 'write' })).rejects.toMatchObject({
        code: 'STORAGE',
      });
    },
  );

  test('in a folder that is not there give a clear error', async () => {
    await expect(openSqlite(join(ROOT, 'no', 'study.db'), { mode: 'write' })).rejects.toMatchObject({
      code: 'STORAGE',
    });
  });

  test('that are cut off are refused and left alone', async () => {
    const path = fresh();
    const whole = await openSqlite(path, { mode: 'write' });
    for (let number = 0; number < 50; number++) await whole.putTrial(trial(number));
    await whole.close();
    truncateSync(path, 5000);
    const before = readFileSync(path);
    await expect(
      openSqlite(path, { mode: 'write' }).then((storage) => storage.trials().finally(storage.close)),
    ).rejects.toMatchObject({ code: 'STORAGE_FOREIGN' });
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  test('on a full disk say so and keep what was told', async () => {
    const path = fresh();
    // A limit on the size of files stands in for the disk's end: it needs no right to mount one.
    const { stdout, stderr } = spawnSync(
      'bash',
      ['-c', 'ulimit -f 200 && exec "$0" --import tsx "$1" "$2"', process.execPath, FILLER, path],
      { encoding: 'utf8' },
    );
    expect(stderr).toBe('');
    const { told, code, hint } = JSON.parse(stdout) as { told: number; code: string; hint: string };
    expect(code).toBe('STORAGE');
    expect(hint).toContain('disk is not full');
    expect(told).toBeGreaterThan(0);
    const storage = await openSqlite(path, { mode: 'write' });
    expect((await storage.trials()).map((t) => t.number)).toEqual(Array.from({ length: told }, (_, i) => i));
    await storage.close();
  });
});

describe('a place by its URL', () => {
  test('is a file, with or without its scheme', async () => {
    const path = fresh();
    const first = await openStorage(`sqlite:${path}`);
    await first.putTrial(trial(0));
    await first.close();
    const second = await openStorage(path, { mode: 'read' });
    expect(await second.trials()).toEqual([trial(0)]);
    await second.close();
  });

  test('is memory, which ends with the process', async () => {
    const storage = await openStorage('memory:');
    await storage.putTrial(trial(0));
    expect(await storage.trials()).toEqual([trial(0)]);
    expect(await (await openStorage('memory:')).trials()).toEqual([]);
  });

  test.each(['mysql://host/studies', 'sqlite:', ''])('"%s" is refused with what there is', async (url) => {
    await expect(openStorage(url)).rejects.toMatchObject({
      code: 'USAGE',
      hint: expect.stringContaining('memory:'),
    });
  });
});
