/** A search with several objectives, in 8 bits: several trained networks, killed amidst, verified, one of them picked. */
import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeIdxImages } from './fixtures/idx-images.ts';

const ROOT = mkdtempSync(join(tmpdir(), 'espalier-front-'));
const BIN = new URL('../bin/espalier.js', import.meta.url).pathname;
const RUN = join(ROOT, 'run');
const DATA = join(ROOT, 'images');
afterAll(() => rmSync(ROOT, { recursive: true, force: true }));

const espalier = (...args: readonly string[]) => promisify(execFile)(process.execPath, [BIN, ...args]);

interface Member {
  readonly trial: number;
  readonly file: string;
  readonly int8File: string;
  readonly int8SpeedUp: { readonly ratio: number; readonly low: number; readonly high: number };
  readonly valAccuracy: number;
  readonly int8ValAccuracy: number;
  readonly macs: number;
}
type Event = Record<string, unknown> & { readonly event: string };
let done: Event & { readonly front: readonly Member[] };
let events: Event[];

const OWN_SPACE = ['--space', new URL('fixtures/two-ends.ts', import.meta.url).pathname];
const OPTIONS = [
  ...'--objectives valAccuracy,macs --trials 4 --epochs 3 --final-epochs 6 --seed 3 --front 2'.split(' '),
  ...OWN_SPACE,
];
const eventsOf = (output: string): Event[] =>
  output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

beforeAll(async () => {
  writeIdxImages(DATA, { train: 800, test: 200 });
  const { stdout } = await espalier('search', DATA, ...OPTIONS, '--int8', '--out', RUN, '--json');
  events = eventsOf(stdout);
  done = events.at(-1) as typeof done;
}, 180_000);

test('the last event names the members of the front, each with its file', () => {
  expect(done.event).toBe('done');
  expect(done.front.length).toBeGreaterThan(1);
  for (const { file, int8File } of done.front)
    for (const name of [file, int8File]) expect(existsSync(join(RUN, name))).toBe(true);
  for (const {
    int8SpeedUp: { low, ratio, high },
  } of done.front) {
    expect(low).toBeLessThanOrEqual(ratio);
    expect(ratio).toBeLessThanOrEqual(high);
  }
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
      int8SizeBytes: expect.any(Number),
    });
});

test('the progress of each final training never goes back', () => {
  const shares = new Map<unknown, number[]>();
  for (const { event, trial, progress } of events)
    if (event === 'final-progress') shares.set(trial, [...(shares.get(trial) ?? []), progress as number]);
  expect([...shares.keys()].sort()).toEqual(done.front.map((m) => m.trial).sort());
  for (const own of shares.values()) expect(own).toEqual([...own].sort((a, b) => a - b));
});

test('model.onnx is the most accurate of them', () => {
  const best = done.front.reduce((a, b) => (b.int8ValAccuracy > a.int8ValAccuracy ? b : a));
  expect(readFileSync(join(RUN, 'model.onnx')).equals(readFileSync(join(RUN, best.file)))).toBe(true);
  const report = readFileSync(join(RUN, 'report.html'), 'utf8');
  for (const name of [best.file, best.int8File]) expect(report).toContain(`href="${name}"`);
  for (const { trial } of done.front) expect(report).toContain(`id="trial-${trial}"`);
});

test('every file proves itself, in float and in 8 bits; one that was changed does not', async () => {
  const [first] = done.front;
  for (const file of [first!.file, first!.int8File]) {
    const { stdout } = await espalier(
      'verify',
      join(RUN, file),
      '--data',
      DATA,
      ...OWN_SPACE,
      '--no-latency',
      '--json',
    );
    const { ok, checks } = JSON.parse(stdout) as { ok: boolean; checks: { name: string; status: string }[] };
    expect(ok).toBe(true);
    expect(checks.filter(({ status }) => status !== 'agrees').map(({ name }) => name)).toEqual(['latency']);
  }
  const bytes = readFileSync(join(RUN, 'model.onnx'));
  // A letter of what it says of itself.
  bytes[bytes.indexOf('two-ends')]! ^= 1;
  writeFileSync(join(ROOT, 'changed.onnx'), bytes);
  await expect(espalier('verify', join(ROOT, 'changed.onnx'), '--no-latency')).rejects.toMatchObject({
    code: 6,
    stdout: expect.stringContaining('DISAGREES  digest'),
  });
}, 120_000);

test('killed while the second network trains, the first is kept and the end is the same', async () => {
  const undisturbed = join(ROOT, 'calm');
  await espalier('search', DATA, ...OPTIONS, '--out', undisturbed);
  const out = join(ROOT, 'killed');
  const tested = await untilSecondTraining(out);
  const { stdout } = await espalier('resume', out, '--json');
  const after = eventsOf(stdout);
  expect(after.filter(({ event }) => event === 'tested').map(({ trial }) => trial)).not.toContain(tested);
  expect(after.find(({ event }) => event === 'resumed')?.trials).toHaveLength(4);
  const { front } = after.at(-1) as typeof done;
  expect(front[0]!.trial).toBe(tested);
  for (const { trial } of front) {
    const weights = (run: string): Buffer => readFileSync(join(run, 'models', `${trial}.safetensors`));
    expect(weights(out).equals(weights(undisturbed))).toBe(true);
  }
  const again = eventsOf((await espalier('resume', out, '--json')).stdout);
  expect(again[0]).toMatchObject({ event: 'warning', message: expect.stringMatching(/was finished/) });
  expect(again.at(-1)).toEqual(after.at(-1));
}, 180_000);

/** Kills a search with SIGKILL in its second final training. @returns the trial that was tested before */
function untilSecondTraining(out: string): Promise<number> {
  const child = spawn(process.execPath, [BIN, 'search', DATA, ...OPTIONS, '--out', out, '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (text) => {
    output += text;
    const second = output.slice(output.indexOf('"event":"tested"'));
    if (output.includes('"event":"tested"') && second.includes('"event":"final-progress"'))
      child.kill('SIGKILL');
  });
  return new Promise((resolve, reject) => {
    child.on('close', (_, signal) => {
      if (signal !== 'SIGKILL') return reject(new Error('the search ended before it could be killed'));
      const tested = output.split('\n').find((line) => line.includes('"event":"tested"'))!;
      resolve(JSON.parse(tested).trial);
    });
  });
}

test('pick copies the most accurate member within the bounds', async () => {
  const bound = Math.max(...done.front.map((m) => m.macs)) - 1;
  const fitting = done.front.filter((m) => m.macs <= bound);
  const best = fitting.reduce((a, b) => (b.int8ValAccuracy > a.int8ValAccuracy ? b : a));
  const out = join(ROOT, 'picked.onnx');
  const { stdout } = await espalier('pick', RUN, '--max-macs', String(bound), '--out', out, '--json');
  expect(JSON.parse(stdout)).toMatchObject({ trial: best.trial, precision: 'int8', file: out });
  expect(readFileSync(out).equals(readFileSync(join(RUN, best.int8File)))).toBe(true);
  await expect(espalier('pick', RUN, '--max-params', '1', '--out', out)).rejects.toMatchObject({
    code: 4,
    stderr: expect.stringContaining('none of its'),
  });
});
