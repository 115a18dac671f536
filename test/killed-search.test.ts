/** A search that is killed with SIGKILL again and again ends with the table of the undisturbed one. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { createRandom } from '../src/random.ts';
import { get } from '../src/search/record.ts';
import { openSqlite } from '../src/storage/sqlite.ts';
import { writeIdxImages } from './fixtures/idx-images.ts';

const ROOT = mkdtempSync(join(tmpdir(), 'espalier-killed-'));
const DATA = join(ROOT, 'images');
const BIN = new URL('../bin/espalier.js', import.meta.url).pathname;
const KILLS = 20;
afterAll(() => rmSync(ROOT, { recursive: true, force: true }));

const OPTIONS = [
  '--trials',
  '6',
  '--epochs',
  '1',
  '--data-share',
  '0.5',
  '--final-epochs',
  '2',
  '--max-macs',
  '1M',
  '--workers',
  '2',
  '--seed',
  '7',
];

/**
 * Runs the program; kills it after `killAfterMs`, alone (its workers must end by themselves) or with its whole process
 * group. Resolves with the exit code, null when killed.
 */
function run(
  args: readonly string[],
  kill?: { readonly afterMs: number; readonly group: boolean },
): Promise<{ readonly code: number | null; readonly output: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [BIN, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own.
      detached: true,
    });
    let output = '';
    child.stdout.on('data', (text) => {
      output += text;
    });
    child.stderr.on('data', (text) => {
      output += text;
    });
    const end = (): void => void process.kill(kill?.group ? -child.pid! : child.pid!, 'SIGKILL');
    const timer = kill === undefined ? null : setTimeout(end, kill.afterMs);
    child.on('exit', () => {
      if (timer) clearTimeout(timer);
    });
    child.on('close', (code) => resolve({ code, output }));
  });
}

interface State {
  readonly begun: boolean;
  readonly finished: boolean;
}

async function stateOf(out: string): Promise<State> {
  if (!existsSync(join(out, 'study.db'))) return { begun: false, finished: false };
  const storage = await openSqlite(join(out, 'study.db'), { mode: 'read' });
  const state = {
    begun: (await storage.trials()).length > 0,
    finished: (await get(storage, 'done')) !== null,
  };
  await storage.close();
  return state;
}

/** Goes on with the run of that folder; one that was killed before its first trial is begun again. */
const goOn = async (out: string): Promise<readonly string[]> =>
  (await stateOf(out)).begun ? ['resume', out] : ['search', DATA, ...OPTIONS, '--out', out];

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
  writeIdxImages(DATA, { train: 2000, test: 200 });
  const calm = join(ROOT, 'calm');
  const began = Date.now();
  const undisturbed = await run(['search', DATA, ...OPTIONS, '--out', calm]);
  expect(undisturbed.output).not.toContain('error:');
  expect(undisturbed.code).toBe(0);
  const duration = Date.now() - began;

  const random = createRandom('kills');
  const runs: string[] = [];
  let hits = 0;
  let out = '';
  // What is finished cannot be killed any more: then another run is begun, so that all kills hit one at work.
  for (let session = 0; hits < KILLS && session < 3 * KILLS; session++) {
    if (out === '' || (await stateOf(out)).finished) {
      out = join(ROOT, `killed-${runs.length}`);
      runs.push(out);
    }
    // From before the first write to the whole length of a trial.
    const afterMs = 500 + random.next() * Math.max(3000, duration / 3);
    await run(await goOn(out), { afterMs, group: session % 2 === 0 });
    if (!(await stateOf(out)).finished) hits++;
  }
  expect(hits).toBe(KILLS);
  const weights = (folder: string): Buffer => readFileSync(join(folder, 'weights.safetensors'));
  for (const killed of runs) {
    const end = await run(await goOn(killed));
    expect(end.output).not.toContain('error:');
    expect(end.code).toBe(0);
    expect(table(killed)).toEqual(table(calm));
    expect(weights(killed).equals(weights(calm))).toBe(true);
    expect(readdirSync(killed).filter((name) => /part|tmp/.test(name))).toEqual([]);
  }
}, 900_000);
