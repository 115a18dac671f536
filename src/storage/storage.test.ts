import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import { afterAll, describe, expect, test } from 'vitest';
import type { Trial } from '../study/trial.ts';
import { createMemoryStorage } from './memory.ts';
import { openSqlite } from './sqlite.ts';

const ROOT = mkdtempSync(join(tmpdir(), 'espalier-storage-'));
afterAll(() => rmSync(ROOT, { recursive: true, force: true }));
let files = 0;
const fresh = (): string => join(ROOT, `study-${files++}.db`);

const trial = (number: number, changes: Partial<Trial> = {}): Trial => ({
  number,
  state: 'running',
  genome: { kernel: 3, stages: [1, null, 'x'] },
  hash: `h${number}`,
  measures: { params: 12 },
  curve: [],
  reason: null,
  startedAt: 1.5,
  endedAt: null,
  ...changes,
});

describe.each([
  ['memory', async () => createMemoryStorage()],
  ['sqlite', () => openSqlite(fresh(), { mode: 'write' })],
])('%s storage', (_, open) => {
  test('keeps trials by number and replaces them', async () => {
    const storage = await open();
    await storage.putTrial(trial(1));
    await storage.putTrial(trial(0));
    const done = trial(1, {
      state: 'complete',
      measures: { valAccuracy: 0.5 },
      curve: [{ epoch: 1, trainLoss: 1, valLoss: 2, valAccuracy: 0.5, seconds: 3 }],
      endedAt: 4,
    });
    await storage.putTrial(done);
    expect(await storage.trials()).toEqual([trial(0), done]);
    await storage.close();
  });

  test('keeps artefacts', async () => {
    const storage = await open();
    expect(await storage.artefact('plan')).toBeNull();
    await storage.putArtefact('plan', { a: [1, null] });
    await storage.putArtefact('plan', { a: [2, 'ü'] });
    expect(await storage.artefact('plan')).toEqual({ a: [2, 'ü'] });
    await storage.close();
  });
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
});
