/**
 * A search that measures on other devices: one that is served, and goes away amidst; one that lies. The study goes on, and
 * no token is left in what is passed on.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCli } from '../src/cli/program.ts';
import { formatCalibration } from '../src/device/predict/calibration-file.ts';
import { EXIT } from '../src/errors.ts';
import { calibrationOf } from './fixtures/calibration.ts';
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

type Mode = 'lies' | 'silent' | 'honest';

/** A device that behaves as it is told. */
async function playDevice(
  mode: () => Mode,
): Promise<{ readonly url: string; asked: () => number; close: () => void }> {
  let asked = 0;
  const said = { protocol: 1, version: '0.1.0', device: 'played', runtime: 'none' };
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      if (request.method === 'GET')
        return void response.end(
          JSON.stringify({ ...said, providers: ['cpu'], threads: 1, maxModelBytes: 2 ** 30 }),
        );
      asked++;
      if (mode() === 'silent') return void request.socket.destroy();
      const model = Buffer.concat(parts);
      const figures = {
        p50Ms: mode() === 'lies' ? -1 : 1.5,
        p95Ms: 2,
        lowMs: 1.4,
        highMs: 1.6,
        runs: 30,
        averagedOver: 1,
        inputs: {},
        assumed: [],
        reference: { medianMs: 1, drift: 0, spread: 0 },
        memory: null,
        trusted: true,
        doubts: [],
      };
      const modelDigest = createHash('sha256').update(model).digest('hex');
      response.end(
        JSON.stringify({
          ...said,
          provider: 'cpu',
          threads: 1,
          modelDigest,
          modelBytes: model.length,
          ...figures,
        }),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    asked: () => asked,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

test('a device that lies, and one that stays away, end no study: it goes on when there is one again', async () => {
  let mode: Mode = 'lies';
  const first = await playDevice(() => mode);
  const run = join(ROOT, 'liar');
  const options = [...OPTIONS, '--trials', '4', '--executor', 'in-process', '--device-patience', '1s'];
  const finished = (events: readonly Event[]): Stored[] =>
    events.filter(({ event }) => event === 'trial-finished').map(({ trial }) => trial as Stored);

  const lied = await here('search', DATA, ...options, '--out', run, '--device', `played=${first.url}`);
  expect(lied.code).toBe(EXIT.device);
  expect(lied.err).toMatch(/a device is lost: .*p50Ms: Too small.*\n.*espalier resume/);
  // Three trials, each of them three times; the third stays open.
  expect(first.asked()).toBe(9);
  const failed = finished(lied.events);
  expect(failed).toHaveLength(2);
  for (const { state, reason, measures } of failed) {
    expect(state).toBe('failed');
    expect(reason).toMatch(/The device http:\/\/127\.0\.0\.1:\d+\/ gives no usable answer/);
    // What was measured here is kept.
    expect(measures.latencyMs).toBeGreaterThan(0);
  }

  mode = 'silent';
  const waited = await here('resume', run);
  expect(waited.code).toBe(EXIT.device);
  expect(waited.err).toContain('does not answer');
  expect(finished(waited.events)).toEqual([]);
  first.close();

  mode = 'honest';
  const second = await playDevice(() => mode);
  expect((await here('resume', run, '--device', `other=${second.url}`)).err).toContain(
    'Its devices are played',
  );
  const resumed = await here('resume', run, '--device', `played=${second.url}`);
  second.close();
  expect(resumed.err).toBe('');
  expect(resumed.code).toBe(EXIT.ok);
  expect(resumed.events.at(-1)).toMatchObject({
    event: 'done',
    devices: { played: { latencyMs: 1.5, source: 'measured' } },
    // Those that failed for the device alone were run once more.
    trials: { complete: 4, failed: 0 },
  });
  expect(trialsOf(run).map(({ state }) => state)).toEqual(Array(4).fill('complete'));
  expect(readFileSync(join(run, 'pareto.csv'), 'utf8')).toMatch(/latencySource@played.*\r\n.*,measured,/);
}, 240_000);

/** A calibration that knows nothing but what it is of. */
function writeCalibration(name: string, threads: number): string {
  const path = join(ROOT, name);
  const calibration = calibrationOf({}, { machine: 'a phone', threads, inputShape: [3, 32, 32] });
  writeFileSync(path, formatCalibration(calibration));
  return path;
}

test('a dry run asks devices and calibrations as the search would, and tells', async () => {
  const run = join(ROOT, 'dry');
  const played = await playDevice(() => 'honest');
  const good = writeCalibration('phone.json', 1);
  const dry = (...args: string[]) => here('search', DATA, ...OPTIONS, '--out', run, '--dry-run', ...args);
  const { code, events } = await dry('--device', `board=${played.url}`, '--device', `phone=${good}`);
  expect(code).toBe(EXIT.ok);
  const [plan] = events as readonly (Event & { lines: string[] })[];
  expect(plan).toMatchObject({
    event: 'plan',
    devices: { board: { device: 'played' }, phone: { device: 'a phone, predicted from a calibration' } },
  });
  expect(plan!.lines).toContain('device board answers: played, none, provider cpu, 1 thread');
  expect(plan!.lines).toContain(
    'device phone: predicted for a phone, an engine 1.0, 1 thread (float ±5.0 %)',
  );
  expect(plan!.lines).toContainEqual(
    expect.stringMatching(
      /^warning: the device phone was calibrated with images of 32 pixels, these have \d+/,
    ),
  );
  // Nothing is measured in advance.
  expect(played.asked()).toBe(0);
  played.close();
  const threads = await dry('--device', `phone=${writeCalibration('four.json', 4)}`);
  expect(threads.err).toMatch(
    /calibrated with 4 threads, latency is asked for with 1\n.*--latency-threads 4/,
  );
  expect((await dry('--device', `phone=${good}`, '--int8')).err).toContain('cannot predict models in 8 bits');
  const gone = await dry('--device', 'nobody=http://127.0.0.1:1/');
  expect(gone).toMatchObject({ code: EXIT.device, events: [{ event: 'error', code: 'DEVICE_UNREACHABLE' }] });
  expect((await dry('--objectives', 'valAccuracy,beauty')).err).toContain('no measure "beauty"');
  expect(existsSync(run)).toBe(false);
}, 60_000);

test('a calibration whose device is killed amidst keeps what was timed, and says so', async () => {
  const out = join(ROOT, 'killed.json');
  const device = await serve(0);
  const flags = ['--space', 'nasbench201', '--input', '1x8x8', '--time', '40s', '--out', out];
  const address = ['--device', `http://127.0.0.1:${device.port}/#${TOKEN}`, '--device-patience', '2s'];
  const calibration = spawn(process.execPath, [BIN, 'device', 'calibrate', ...flags, ...address], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(calibration);
  let [told, said] = ['', ''];
  calibration.stdout!.setEncoding('utf8').on('data', (text) => (told += text));
  const enough = new Promise<void>((resolve) =>
    calibration.stderr!.setEncoding('utf8').on('data', (text) => {
      said += text;
      if (/round (1 of 5, (4[5-9]|[5-9]\d|\d{3})|[2-5] of 5, \d+) network/.test(said)) resolve();
    }),
  );
  await enough;
  device.child.kill('SIGKILL');
  expect(await ended(calibration)).toBe(EXIT.device);
  expect(said).toMatch(/asking again for up to 2\.0 s: The device \S+ does not answer/);
  expect(said).toMatch(
    /error: The calibration ended early: The device \S+ does not answer.*\n {2}fix: \S+killed\.json holds/,
  );
  expect(told).toMatch(/float +\d+ networks; ±/);
  expect(JSON.parse(readFileSync(out, 'utf8')).models.float.networks).toBeGreaterThanOrEqual(40);
}, 240_000);

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
  expect(events).toMatchObject([{ event: 'error', code: 'DEVICE_UNREACHABLE' }]);
  // The same folder can be used once the device is there.
  expect(existsSync(run)).toBe(false);
}, 60_000);
