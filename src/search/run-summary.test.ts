import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { openSqlite } from '../storage/sqlite.ts';
import { SearchOptions } from './options.ts';
import { put } from './record.ts';
import { runFolder } from './run-folder.ts';
import { listRuns } from './run-summary.ts';

const ROOT = mkdtempSync(join(tmpdir(), 'espalier-runs-'));
afterAll(() => rmSync(ROOT, { recursive: true }));

test('runs are told of by their exported network, before that by their best trial', async () => {
  const run = join(ROOT, 'digits');
  mkdirSync(run);
  const storage = await openSqlite(runFolder(run).database, { mode: 'write' });
  await put(storage, 'options', SearchOptions.parse({ data: 'drawn', out: run }));
  await storage.putTrial({
    number: 0,
    state: 'complete',
    genome: {},
    hash: '0',
    fidelity: 0,
    measures: { valAccuracy: 0.5, params: 7 },
    curve: [],
    reason: null,
    startedAt: 0,
    endedAt: 1,
  });
  expect(await listRuns(ROOT)).toMatchObject([
    { state: 'unfinished', trials: { complete: 1 }, valAccuracy: 0.5, params: 7, testAccuracy: null },
  ]);
  await put(storage, 'done', {
    event: 'done',
    testAccuracy: 0.8,
    valAccuracy: 0.9,
    latencyMs: 1,
    params: 6,
    macs: 5,
    trials: { complete: 1, failed: 0, pruned: 0 },
    seconds: 1,
    out: run,
  });
  await storage.close();
  expect(await listRuns(run)).toMatchObject([
    { state: 'finished', valAccuracy: 0.9, params: 6, testAccuracy: 0.8, best: { number: 0 } },
  ]);
});

test('a damaged run does not hide the others', async () => {
  const damaged = join(ROOT, 'damaged');
  mkdirSync(damaged);
  writeFileSync(runFolder(damaged).database, 'no database');
  const found = await listRuns(ROOT);
  expect(found.find(({ path }) => path === damaged)).toMatchObject({
    state: 'unreadable',
    reason: expect.stringContaining('damaged'),
  });
  expect(found).toHaveLength(2);
});
