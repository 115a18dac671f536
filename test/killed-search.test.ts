/** A search that is killed with SIGKILL again and again ends with the table of the undisturbed one. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { createRandom } from '../src/random.ts';

const ROOT = mkdtempSync(join(tmpdir(), 'espalier-killed-'));
const BIN = new URL('../bin/espalier.js', import.meta.url).pathname;
const KILLS = 20;
afterAll(() => rmSync(ROOT, { recursive: true, force: true }));

const OPTIONS = [
  '--trials',
  '6',
  '--epochs',
  '1',
  '--data-share',
  '0.2',
  '--final-epochs',
  '2',
  '--max-macs',
  '1M',
  '--workers',
  '2',
  '--seed',
  '7',
];

/** Runs the program; kills it with all its workers after `killAfterMs`. Resolves with the exit code, null when killed. */
function run(
  args: readonly string[],
  killAfterMs?: number,
): Promise<{ readonly code: number | null; readonly output: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [BIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.on('data', (text) => {
      output += text;
    });
    child.stderr.on('data', (text) => {
      output += text;
    });
    const timer = killAfterMs === undefined ? null : setTimeout(() => child.kill('SIGKILL'), killAfterMs);
    child.on('close', (code) => {
      if (timer) clearTimeout(timer);
      resolve({ code, output });
    });
  });
}

interface Row {
  readonly number: number;
  readonly state: string;
  readonly genome: unknown;
  readonly measures: Readonly<Record<string, number>>;
}

/** What must be equal: everything but times. */
function table(out: string): unknown {
  const trials = JSON.parse(readFileSync(join(out, 'trials.json'), 'utf8')) as Row[];
  return trials.map(({ number, state, genome, measures: { valAccuracy, valLoss, params, macs } }) => ({
    number,
    state,
    genome,
    valAccuracy,
    valLoss,
    params,
    macs,
  }));
}

test(`killed at ${KILLS} random moments, a search ends with the same table and the same model`, async () => {
  const calm = join(ROOT, 'calm');
  const began = Date.now();
  const undisturbed = await run(['search', 'drawn', ...OPTIONS, '--out', calm]);
  expect(undisturbed.output).not.toContain('error:');
  expect(undisturbed.code).toBe(0);
  const duration = Date.now() - began;

  const killed = join(ROOT, 'killed');
  const random = createRandom('kills');
  for (let i = 0; i < KILLS; i++) {
    const args = existsSync(join(killed, 'study.db'))
      ? ['resume', killed]
      : ['search', 'drawn', ...OPTIONS, '--out', killed];
    // From before the first write to the whole length of a trial.
    await run(args, 500 + random.next() * Math.max(3000, duration / 3));
  }
  const last = existsSync(join(killed, 'study.db'))
    ? ['resume', killed]
    : ['search', 'drawn', ...OPTIONS, '--out', killed];
  const end = await run(last);
  expect(end.output).not.toContain('error:');
  expect(end.code).toBe(0);
  expect(table(killed)).toEqual(table(calm));
  const weights = (out: string): Buffer => readFileSync(join(out, 'weights.safetensors'));
  expect(weights(killed).equals(weights(calm))).toBe(true);
}, 900_000);
