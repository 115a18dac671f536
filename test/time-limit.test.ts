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

/** What a machine that is busy with other tests may add; the README promises less for one that is not. */
const MARGIN_SECONDS = 12;
/** Start, speed measurement, one worker after another, test and export: nothing is quicker, whatever the limit. */
const LEAST_SECONDS = 20;

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

test.each([
  // Too short for any trial: the clock ends them all.
  ['1s', LEAST_SECONDS],
  ['25s', 25],
])('--time %s ends in time, with a model', async (time, limit) => {
  const out = join(ROOT, time);
  const { code, seconds, stderr, events } = await search(out, time);
  expect(stderr).not.toContain('error:');
  expect(code).toBe(0);
  expect(events.at(-1)).toMatchObject({ event: 'done', valAccuracy: expect.any(Number) });
  expect(existsSync(join(out, 'model.onnx'))).toBe(true);
  expect(seconds).toBeLessThan(limit + MARGIN_SECONDS);
});
