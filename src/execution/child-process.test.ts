import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { type ChildProcessOptions, createChildProcessExecutor } from './child-process.ts';
import type { Executor, JobOutcome, JobProgress, TrialJob } from './executor.ts';

const entry = new URL('../../test/fixtures/misbehaving-worker.ts', import.meta.url);
const opened: Executor[] = [];

function executor(options: Partial<ChildProcessOptions> = {}): Executor {
  const created = createChildProcessExecutor({ slots: 1, entry, ...options });
  opened.push(created);
  return created;
}
afterAll(() => Promise.all(opened.map((one) => one.close())));

/** A job whose seed names the behaviour of the misbehaving worker. */
const job = (behaviour: string, trial = 0) =>
  ({ trial, seed: behaviour, dataset: 'none', threads: 1, latency: null }) as TrialJob;

const run = (
  on: Executor,
  behaviour: string,
  onProgress: (progress: JobProgress) => void = () => {},
  signal = new AbortController().signal,
): Promise<JobOutcome> => on.run(job(behaviour), { signal, onProgress });

/** A zombie counts as dead: who adopts orphans does not always collect them. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return process.platform !== 'linux' || !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
async function untilDead(pid: number): Promise<void> {
  while (isAlive(pid)) await sleep(20);
}

test('a failed job costs that job only: crash, exit, abort, errors, then good ones in a fresh worker', async () => {
  const pool = executor();
  const first = await run(pool, 'complete');
  expect(first).toMatchObject({
    state: 'complete',
    reason: null,
    measures: { valAccuracy: 0.5, jobsServed: 1 },
  });
  expect(first.curve[0]?.valLoss).toBeNaN();

  const thrown = await run(pool, 'throw');
  expect(thrown).toMatchObject({ state: 'failed', measures: {} });
  expect(thrown.reason).toMatch(/"conv1".*\. Change the layer/);
  // No stack: it is shown to people, and kept in their files.
  expect((await run(pool, 'bug')).reason).toBe('TypeError: not a function');
  const full = await run(pool, 'diskFull');
  expect(full.reason).toBe("Error: ENOSPC: no space left on device, write '/run/final.checkpoint'");
  expect(full.diskTrouble).toEqual({
    code: 'STORAGE',
    details: { path: '/run/final.checkpoint', reason: 'the disk is full' },
  });
  // Errors of a job leave the worker alive.
  expect((await run(pool, 'complete')).measures).toEqual({ ...first.measures, jobsServed: 5 });

  const crash = await run(pool, 'crash');
  expect(crash.state).toBe('failed');
  expect(crash.reason).toMatch(/ended with exit code 1\b[\s\S]*escaped from the event loop/);
  expect((await run(pool, 'exit')).reason).toMatch(/ended with exit code 7\b/);
  expect((await run(pool, 'abort')).reason).toMatch(/SIGABRT|exit code 134/);

  const last = await run(pool, 'complete');
  expect(last.measures).toMatchObject({ jobsServed: 1 });
  expect(last.measures.pid).not.toBe(first.measures.pid);
});

test('a job that takes too long is killed, even when it never returns to its event loop', async () => {
  const pool = executor({ timeLimitSeconds: 0.3 });
  const outcome = await run(pool, 'spin');
  expect(outcome).toEqual({
    state: 'failed',
    measures: {},
    curve: [],
    reason: 'time limit: took longer than 0.3 s',
  });
  expect((await run(pool, 'complete')).state).toBe('complete');

  const patient = executor({ timeLimitSeconds: 100 });
  const own = await patient.run(
    { ...job('spin'), timeLimitSeconds: 0.2 },
    { signal: new AbortController().signal, onProgress: () => {} },
  );
  expect(own.reason).toBe('time limit: took longer than 0.2 s');
});

test('a job that takes too much memory is killed and says how much', async () => {
  const pool = executor({ memoryLimitBytes: 400 * 2 ** 20 });
  const outcome = await run(pool, 'allocate');
  expect(outcome.state).toBe('failed');
  expect(outcome.reason).toMatch(
    /^out of memory: used \d+ MiB of 400 MiB allowed$|^out of memory: used \d\.\d GiB of 400 MiB allowed$/,
  );
  expect((await run(pool, 'complete')).state).toBe('complete');
});

test('kill -9 of a worker fails its job with the signal; the next job gets a new worker', async () => {
  const pool = executor();
  const killed = await run(pool, 'wait', ({ progress: pid }) => process.kill(pid, 'SIGKILL'));
  expect(killed.state).toBe('failed');
  expect(killed.reason).toMatch(/was killed by SIGKILL/);
  const { measures } = await run(pool, 'complete');
  // Killed while idle: noticed before the next job, which is not lost.
  process.kill(measures.pid!, 'SIGKILL');
  await untilDead(measures.pid!);
  await sleep(50);
  expect((await run(pool, 'complete')).state).toBe('complete');
});

test('abort ends running and waiting jobs; the worker survives', async () => {
  const pool = executor();
  const { measures } = await run(pool, 'complete');
  const controller = new AbortController();
  const running = run(pool, 'wait', () => controller.abort(), controller.signal);
  const waiting = run(pool, 'complete', undefined, controller.signal);
  const behind = run(pool, 'complete');
  for (const outcome of await Promise.all([running, waiting]))
    expect(outcome).toMatchObject({ state: 'failed', reason: 'stopped before it finished' });
  expect((await behind).measures.pid).toBe(measures.pid);
  expect(await run(pool, 'complete', undefined, AbortSignal.abort())).toMatchObject({ state: 'failed' });
});

test('a job that does not hear the abort is killed after the grace period', async () => {
  const controller = new AbortController();
  let pid = 0;
  const pool = executor();
  const outcome = await run(
    pool,
    'deaf',
    (progress) => {
      pid = progress.progress;
      controller.abort();
    },
    controller.signal,
  );
  expect(outcome).toMatchObject({ state: 'failed', reason: 'stopped before it finished' });
  await untilDead(pid);
});

test('slots run side by side but measure one after another, even when one dies measuring', async () => {
  const pool = executor({ slots: 2 });
  const outcomes = await Promise.all(
    ['measure', 'dieMeasuring', 'measure', 'measure'].map((behaviour) => run(pool, behaviour)),
  );
  expect(outcomes[1]?.reason).toMatch(/exit code 3\b/);
  const spans = outcomes
    .filter((outcome) => outcome.state === 'complete')
    .map(({ measures }) => [measures.began!, measures.ended!] as const)
    .sort(([a], [b]) => a - b);
  expect(spans).toHaveLength(3);
  for (const [i, [began]] of spans.slice(1).entries()) expect(began).toBeGreaterThanOrEqual(spans[i]![1]);
});

test('while one measures alone the others rest, and go on afterwards', async () => {
  const pool = executor({ slots: 2 });
  // Both processes are there before either begins.
  await Promise.all([run(pool, 'complete'), run(pool, 'complete')]);
  const [alone, steps] = await Promise.all([run(pool, 'measureAlone'), run(pool, 'steps')]);
  expect([alone.state, steps.state]).toEqual(['complete', 'complete']);
  expect(steps.measures.pauseBegan).toBeLessThanOrEqual(alone.measures.began!);
  expect(steps.measures.pauseEnded).toBeGreaterThanOrEqual(alone.measures.ended!);
});

test('close ends all workers and jobs', async () => {
  const pool = executor();
  let pid = 0;
  const started = new Promise<void>((resolve) => {
    void run(pool, 'wait', (progress) => {
      pid = progress.progress;
      resolve();
    }).then((outcome) => expect(outcome.reason).toBe('stopped before it finished'));
  });
  await started;
  await pool.close();
  expect(isAlive(pid)).toBe(false);
  expect((await run(pool, 'complete')).state).toBe('failed');
});

test('a worker that cannot start says why', async () => {
  const pool = executor({ entry: new URL('./no-such-worker.ts', import.meta.url) });
  expect((await run(pool, 'complete')).reason).toMatch(/exit code 1\b[\s\S]*no-such-worker/);
});

test.each(['wait', 'spin'])(
  'a worker in a job that does "%s" exits by itself after kill -9 of its parent, and never writes to its terminal',
  async (behaviour) => {
    const parent: ChildProcess = spawn(
      process.execPath,
      [
        '--import',
        'tsx',
        fileURLToPath(new URL('../../test/fixtures/executor-parent.ts', import.meta.url)),
        behaviour,
      ],
      { stdio: ['ignore', 'pipe', 'pipe'], cwd: fileURLToPath(new URL('../..', import.meta.url)) },
    );
    let output = '';
    const announced = new Promise<number>((resolve) => {
      parent.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
        output += chunk;
        const pid = /worker (\d+)\n/.exec(output)?.[1];
        if (pid) resolve(Number(pid));
      });
      parent.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
        output += chunk;
      });
      parent.once('exit', () => resolve(0));
    });
    const pid = await announced;
    expect(pid, output).toBeGreaterThan(0);
    expect(isAlive(pid)).toBe(true);
    // Time for the job to get stuck.
    await sleep(200);
    parent.kill('SIGKILL');
    await once(parent, 'close');
    await untilDead(pid);
    expect(output).toBe(`worker ${pid}\n`);
  },
);

test('fewer than one process is no place to run trials in: they would wait for ever', () => {
  for (const slots of [0, 1.5, Number.NaN])
    expect(() => createChildProcessExecutor({ slots })).toThrow(`slots is ${slots}`);
});
