/** `--time` is a limit of the clock on the wall, and something comes out however short it is. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeIdxImages } from './fixtures/idx-images.ts';

const ROOT = mkdtempSync(join(tmpdir(), 'espalier-time-'));
const BIN = new URL('../bin/espalier.js', import.meta.url).pathname;
const DATA = join(ROOT, 'images');
beforeAll(() => writeIdxImages(DATA, { train: 120, test: 40 }));
afterAll(() => rmSync(ROOT, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly seconds: number;
  readonly stderr: string;
  readonly events: readonly { readonly event: string; readonly valAccuracy?: number }[];
}

function search(out: string, time: string): Promise<Ended> {
  const args = [BIN, 'search', DATA, '--time', time, '--workers', '1', '--json', '--out', out];
  const began = Date.now();
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (text) => {
      stdout += text;
    });
    child.stderr.on('data', (text) => {
      stderr += text;
    });
    child.on('close', (code) => {
      const lines = stdout.trim().split('\n');
      const seconds = (Date.now() - began) / 1000;
      resolve({ code, seconds, stderr, events: lines.map((line) => JSON.parse(line)) });
    });
  });
}

/** A model came out. */
function expectModel(out: string, { code, stderr, events }: Ended): void {
  expect(stderr).not.toContain('error:');
  expect(code).toBe(0);
  expect(events.at(-1)).toMatchObject({ event: 'done', valAccuracy: expect.any(Number) });
  expect(existsSync(join(out, 'model.onnx'))).toBe(true);
}

test('a limit is kept; one that is too short for any trial gives a model as soon as may be', async () => {
  const short = join(ROOT, 'short');
  const hurried = await search(short, '1s');
  expectModel(short, hurried);
  expect(hurried.events.some(({ event }) => event === 'trial-started')).toBe(true);
  // Start, speed measurement, workers, test and export: what this machine needs whatever the limit, busy as it may be.
  const least = hurried.seconds;
  const limit = 25;
  const out = join(ROOT, 'enough');
  const ended = await search(out, `${limit}s`);
  expectModel(out, ended);
  // Ten seconds at most, and what a machine that is busy with others makes of it.
  expect(ended.seconds).toBeLessThan(Math.max(limit, least) + 10 + least / 2);
}, 300_000);
