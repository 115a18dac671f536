/**
 * A search that measures on other devices: one that is served, and goes away amidst; one that lies. The study goes on, and
 * no token is left in what is passed on.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCli } from '../src/cli/program.ts';
import { EXIT } from '../src/errors.ts';
import { writeIdxImages } from './fixtures/idx-images.ts';

const ROOT = mkdtempSync(join(tmpdir(), 'espalier-devices-'));
const BIN = new URL('../bin/espalier.js', import.meta.url).pathname;
const DATA = join(ROOT, 'images');
const TOKEN = 'not-for-everybody';
const children: ChildProcess[] = [];
beforeAll(() => writeIdxImages(DATA, { train: 400, test: 50 }));
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(ROOT, { recursive: true, force: true });
});

type Event = Record<string, unknown> & { readonly event: string };

/** Starts a command with --json; its events come as lines. */
function start(...args: readonly string[]): {
  readonly child: ChildProcess;
  readonly events: AsyncIterator<Event>;
} {
  const child = spawn(process.execPath, [BIN, ...args, '--json'], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  const events: AsyncIterator<Event> = {
    next: async () => {
      const { value, done } = await lines.next();
      return done ? { value: undefined, done: true } : { value: JSON.parse(value), done: false };
    },
  };
  return { child, events };
}

/** The same in this process, to its end. */
async function here(
  ...args: readonly string[]
): Promise<{ readonly code: number; readonly events: readonly Event[]; readonly err: string }> {
  let [out, err] = ['', ''];
  const code = await runCli([...args, '--json'], {
    stdout: { write: (text: string) => (out += text) },
    stderr: { write: (text: string) => (err += text) },
  });
  const lines = out.split('\n').filter((line) => line !== '');
  return { code, events: lines.map((line) => JSON.parse(line)), err };
}

async function until(
  events: AsyncIterator<Event>,
  wanted: (event: Event) => boolean,
  seen: Event[] = [],
): Promise<Event> {
  for (;;) {
    const { value, done } = await events.next();
    if (done) throw new Error(`ended after ${JSON.stringify(seen.at(-1))}`);
    seen.push(value);
    if (wanted(value)) return value;
  }
}

const ended = (child: ChildProcess): Promise<number | null> =>
  child.exitCode !== null
    ? Promise.resolve(child.exitCode)
    : new Promise((resolve) => child.once('exit', (code) => resolve(code)));

async function serve(port: number): Promise<{ readonly child: ChildProcess; readonly port: number }> {
  const { child, events } = start('device', 'serve', '--port', String(port), '--token', TOKEN);
  const { addresses } = (await until(events, ({ event }) => event === 'serving')) as Event & {
    addresses: string[];
  };
  expect(addresses).toEqual([expect.stringContaining(`#${TOKEN}`)]);
  // Its lines must be read on, or the pipe fills.
  void (async () => {
    while (!(await events.next()).done);
  })();
  return { child, port: Number(new URL(addresses[0]!).port) };
}

interface Stored {
  readonly state: string;
  readonly measures: Record<string, number>;
  readonly reason: string | null;
}
const trialsOf = (run: string): Stored[] => JSON.parse(readFileSync(join(run, 'trials.json'), 'utf8'));

const OPTIONS = '--trials 3 --epochs 1 --final-epochs 1 --max-macs 500k --seed 3 --workers 1 --front 1'.split(
  ' ',
);

test('a device goes away amidst and comes back: a retry, and every trial is measured there', async () => {
  const run = join(ROOT, 'away');
  let device = await serve(0);
  const { port } = device;
  const search = start(
    'search',
    DATA,
    ...OPTIONS,
    '--out',
    run,
    '--device',
    `board=http://127.0.0.1:${port}/#${TOKEN}`,
    '--objectives',
    'valAccuracy,latencyMs@board',
    '--max-latency',
    'board=500ms',
  );
  const seen: Event[] = [];
  await until(search.events, ({ event }) => event === 'trial-finished', seen);
  device.child.kill('SIGKILL');
  await ended(device.child);
  await until(
    search.events,
    ({ event, message }) =>
      event === 'warning' &&
      /board|127\.0\.0\.1/.test(String(message)) &&
      /does not answer/.test(String(message)),
    seen,
  );
  device = await serve(port);
  const done = await until(search.events, ({ event }) => event === 'done', seen);
  expect(await ended(search.child)).toBe(0);
  expect(done).toMatchObject({ devices: { board: { latencyMs: expect.any(Number) } } });
  const trials = trialsOf(run);
  expect(trials).toHaveLength(3);
  for (const { state, measures } of trials) {
    expect(state).toBe('complete');
    expect(measures['latencyMs@board']).toBeGreaterThan(0);
    expect(measures['latencyLowMs@board']).toBeLessThanOrEqual(measures['latencyMs@board']!);
    // And here, as always.
    expect(measures.latencyMs).toBeGreaterThan(0);
  }
  // Ctrl-C ends a device cleanly.
  device.child.kill('SIGINT');
  expect(await ended(device.child)).toBe(0);

  // What is passed on has no token; what resume needs has it, for the owner alone.
  const report = readFileSync(join(run, 'report.html'), 'utf8');
  expect(report).toContain('latency on board');
  for (const name of readdirSync(run).filter(
    (file) => file !== 'devices.json' && statSync(join(run, file)).isFile(),
  ))
    expect(readFileSync(join(run, name)).includes(TOKEN), name).toBe(false);
  expect(readFileSync(join(run, 'devices.json'), 'utf8')).toContain(TOKEN);
  expect(statSync(join(run, 'devices.json')).mode & 0o077).toBe(0);

  const { stdout } = await promisify(execFile)(process.execPath, [
    BIN,
    'pick',
    run,
    '--max-latency',
    'board=1s',
    '--out',
    join(ROOT, 'picked.onnx'),
    '--json',
  ]);
  expect(JSON.parse(stdout).measures['latencyMs@board']).toBeGreaterThan(0);
}, 240_000);

test('a device that lies costs the trial, with its reason, and in the end the exit code says so', async () => {
  let asked = 0;
  const liar = createServer((request, response) => {
    const description = {
      protocol: 1,
      version: '0.1.0',
      device: 'liar',
      runtime: 'none',
      providers: ['cpu'],
      threads: 1,
      maxModelBytes: 2 ** 30,
    };
    request.resume().on('end', () => {
      if (request.method === 'POST') asked++;
      response.end(JSON.stringify(request.method === 'GET' ? description : { p50Ms: -1 }));
    });
  });
  await new Promise<void>((resolve) => liar.listen(0, '127.0.0.1', resolve));
  const run = join(ROOT, 'liar');
  const { port } = liar.address() as AddressInfo;
  const { code, events } = await here(
    'search',
    DATA,
    ...OPTIONS,
    '--trials',
    '2',
    '--executor',
    'in-process',
    '--out',
    run,
    '--device',
    `liar=http://127.0.0.1:${port}/`,
  );
  expect(code).toBe(EXIT.infeasible);
  liar.close();
  // Three times for each of two trials.
  expect(asked).toBe(6);
  const failed = events.filter(({ event }) => event === 'trial-finished').map(({ trial }) => trial as Stored);
  expect(failed).toHaveLength(2);
  for (const { state, reason, measures } of failed) {
    expect(state).toBe('failed');
    expect(reason).toMatch(/The device http:\/\/127\.0\.0\.1:\d+\/ gives no usable answer/);
    // What was measured here is kept.
    expect(measures.latencyMs).toBeGreaterThan(0);
  }
}, 120_000);

test('a device that is not there from the beginning: said before a trial is spent', async () => {
  const run = join(ROOT, 'nobody');
  const { code, events, err } = await here(
    'search',
    DATA,
    ...OPTIONS,
    '--out',
    run,
    '--device',
    'nobody=http://127.0.0.1:1/',
  );
  expect(code).toBe(EXIT.device);
  expect(err).toMatch(/device http:\/\/127\.0\.0\.1:1\/ does not answer.*\n.*fix:/);
  expect(events).toEqual([]);
  // The same folder can be used once the device is there.
  expect(existsSync(run)).toBe(false);
}, 60_000);
