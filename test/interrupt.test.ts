/** Ctrl-C in a terminal reaches the whole process group: once finishes cleanly, twice stops at once. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { EXIT } from '../src/errors.ts';
import { openSqlite } from '../src/storage/sqlite.ts';

const ROOT = mkdtempSync(join(tmpdir(), 'espalier-interrupt-'));
const BIN = new URL('../bin/espalier.js', import.meta.url).pathname;
afterAll(() => rmSync(ROOT, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly stderr: string;
  readonly events: readonly { readonly event: string }[];
}

/** A search that would take hours; Ctrl-C as soon as a trial trains, so many times, each once the one before was heard. */
function interrupted(out: string, times: 1 | 2): Promise<Ended> {
  const args = [
    'search',
    'drawn',
    '--trials',
    '2',
    '--epochs',
    '5000',
    '--workers',
    '1',
    '--json',
    '--out',
    out,
  ];
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [BIN, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    let stdout = '';
    let stderr = '';
    let sent = 0;
    const press = (): void => {
      if (sent >= times) return;
      sent++;
      process.kill(-child.pid!, 'SIGINT');
    };
    child.stdout.on('data', (text) => {
      stdout += text;
      if (sent === 0 && stdout.includes('"trial-progress"')) press();
    });
    child.stderr.on('data', (text) => {
      stderr += text;
      if (stderr.includes('Press Ctrl-C again')) press();
    });
    child.on('close', (code) => {
      const lines = stdout.trim().split('\n');
      resolve({ code, stderr, events: lines.map((line) => JSON.parse(line)) });
    });
  });
}

test('once: the run ends in order and says how to go on', async () => {
  const { code, stderr, events } = await interrupted(join(ROOT, 'once'), 1);
  expect(code).toBe(EXIT.interrupted);
  expect(stderr).toContain('what is finished is kept');
  expect(events.at(-1)).toEqual({
    event: 'stopped',
    trials: { complete: 0, failed: 0, pruned: 0 },
    out: join(ROOT, 'once'),
  });
}, 120_000);

test('twice: the process ends with the documented code, and its database is whole', async () => {
  const out = join(ROOT, 'twice');
  const { code, events } = await interrupted(out, 2);
  expect(code).toBe(EXIT.interrupted);
  // Ended before it could say anything more.
  expect(events.at(-1)!.event).not.toBe('stopped');
  const storage = await openSqlite(join(out, 'study.db'), { mode: 'read' });
  expect((await storage.trials()).map(({ state }) => state)).toEqual(['running']);
  await storage.close();
}, 120_000);
