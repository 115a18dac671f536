/** A search with several objectives, in 8 bits: several trained networks, and one of them picked. */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';

const ROOT = mkdtempSync(join(tmpdir(), 'espalier-front-'));
const BIN = new URL('../bin/espalier.js', import.meta.url).pathname;
const RUN = join(ROOT, 'run');
afterAll(() => rmSync(ROOT, { recursive: true, force: true }));

const espalier = (...args: readonly string[]) => promisify(execFile)(process.execPath, [BIN, ...args]);

interface Member {
  readonly trial: number;
  readonly file: string;
  readonly valAccuracy: number;
  readonly macs: number;
}
let done: Record<string, unknown> & { readonly front: readonly Member[] };

beforeAll(async () => {
  const args =
    '--objectives valAccuracy,macs --int8 --trials 5 --epochs 1 --data-share 0.1 --final-epochs 1 --max-macs 1M --seed 3';
  const { stdout } = await espalier('search', 'drawn', ...args.split(' '), '--out', RUN, '--json');
  done = JSON.parse(stdout.trim().split('\n').at(-1)!);
}, 180_000);

test('the last event names the members of the front, each with its file', () => {
  expect(done.event).toBe('done');
  expect(done.front.length).toBeGreaterThan(1);
  for (const { file } of done.front) expect(existsSync(join(RUN, file))).toBe(true);
  expect(new Set(done.front.map((m) => m.trial)).size).toBe(done.front.length);
});

test('candidates and the winner are judged in 8 bits', () => {
  expect(done.int8TestAccuracy).toBeGreaterThan(0);
  expect(done.int8LatencyMs).toBeGreaterThan(0);
  expect(existsSync(join(RUN, 'model.int8.onnx'))).toBe(true);
  const trials = JSON.parse(readFileSync(join(RUN, 'trials.json'), 'utf8')) as {
    measures: Record<string, number>;
  }[];
  for (const { measures } of trials)
    expect(measures).toMatchObject({
      int8ValAccuracy: expect.any(Number),
      int8LatencyMs: expect.any(Number),
    });
});

test('pick copies the most accurate member within the bounds', async () => {
  const bound = Math.max(...done.front.map((m) => m.macs)) - 1;
  const fitting = done.front.filter((m) => m.macs <= bound);
  const best = fitting.reduce((a, b) => (b.valAccuracy > a.valAccuracy ? b : a));
  const out = join(ROOT, 'picked.onnx');
  const { stdout } = await espalier('pick', RUN, '--max-macs', String(bound), '--out', out, '--json');
  expect(JSON.parse(stdout)).toMatchObject({ trial: best.trial, file: out });
  expect(readFileSync(out).equals(readFileSync(join(RUN, best.file)))).toBe(true);
  await expect(espalier('pick', RUN, '--max-params', '1', '--out', out)).rejects.toMatchObject({
    code: 4,
    stderr: expect.stringContaining('none of its'),
  });
});
