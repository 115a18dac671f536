import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { EXIT } from '../../errors.ts';
import { STRATEGIES } from '../../strategy/index.ts';
import { runCli } from '../program.ts';

const folder = mkdtempSync(join(tmpdir(), 'espalier-bench-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** All networks of the size space with two widths, worth their sum, in two tasks. */
const table = join(folder, 'sizes.csv');
const rows = Array.from({ length: 32 }, (_, i) =>
  Array.from({ length: 5 }, (__, k) => ((i >> k) & 1 ? 64 : 8)),
);
writeFileSync(
  table,
  [
    'task,arch,accuracy,size',
    ...rows.flatMap((widths) => {
      const sum = widths.reduce((a, b) => a + b, 0);
      return [`one,${widths.join(':')},${sum},${widths[0]}`, `two,${widths.join(':')},${-sum},${widths[0]}`];
    }),
  ].join('\n'),
);

async function bench(...args: readonly string[]) {
  const result = { code: 0, out: '', err: '' };
  const collect = (to: 'out' | 'err') => ({
    write: (text: string) => {
      result[to] += text;
    },
  });
  const all = ['bench', 'table', '--table', table, '--space', 'nats-size', '--signal', 'accuracy', ...args];
  result.code = await runCli(all, { stdout: collect('out'), stderr: collect('err') });
  return result;
}
const ONE = ['--where', 'task=one', '--strategy', 'random,evolution', '--evaluations', '4,16'] as const;

test('results do not depend on how many processes share the runs', async () => {
  const results = async (workers: string) =>
    JSON.parse((await bench(...ONE, '--seeds', '5', '--workers', workers, '--json')).out).results.map(
      (result: object) => ({ ...result, msPerTrial: 0 }),
    );
  const alone = await results('1');
  expect(alone).toHaveLength(4);
  expect(await results('2')).toEqual(alone);
});

test('bounds, left-out rows and the quality of predictors are printed', async () => {
  const bounded = await bench(...ONE, '--seeds', '2', '--constraint', 'size<=8');
  expect(bounded.out).toMatch(/32 architectures .*best accuracy 264/);
  expect(bounded.out).toMatch(/within the constraints: 16/);
  const { out } = await bench('--where', 'task=one', '--predictor', '16', '--seeds', '2');
  expect(out).toMatch(/both +16 +2 +0\.\d{3}/);
});

test.each([
  [[...ONE, '--seeds', '2.5'], /--seeds 2\.5 is not a whole number above 0/],
  [[...ONE, '--workers', '0'], /--workers 0 is not a whole number/],
  [['--where', 'task=one', '--evaluations', '0.4'], /--evaluations 0\.4 is not a whole number/],
  [[...ONE, '--constraint', 'size<8'], /--constraint size<8 is not of the form/],
  [['--where', 'task', '--evaluations', '4'], /--where task is not of the form COLUMN=VALUE/],
  [[...ONE, '--budget', '9'], /one end: --evaluations or --budget, not both/],
] as const)('%# is a mistake that is named', async (args, message) => {
  const { code, err } = await bench(...args);
  expect(code).toBe(EXIT.usage);
  expect(err).toMatch(message);
});

test('the help of both commands names every strategy', async () => {
  for (const command of [['bench', 'table'], ['search']]) {
    let help = '';
    const stdout = { write: (text: string) => (help += text) };
    await runCli([...command, '--help'], { stdout, stderr: stdout });
    const words = new Set(help.split(/[\s,]+/));
    expect(Object.keys(STRATEGIES).filter((name) => !words.has(name))).toEqual([]);
  }
});

test('rows of one network are one architecture with --merge-equal, in all processes', async () => {
  const file = join(folder, 'cells.csv');
  const cells = ['none', 'skip_connect'].flatMap((hidden) =>
    ['none', 'avg_pool_3x3', 'nor_conv_1x1'].map(
      (last) => `|none~0|+|none~0|${hidden}~1|+|${last}~0|none~1|none~2|`,
    ),
  );
  writeFileSync(file, `arch,accuracy\n${cells.map((cell, i) => `${cell},${i}`).join('\n')}`);
  const result = { out: '', err: '' };
  const code = await runCli(
    `bench table --table ${file} --space nasbench201 --signal accuracy --strategy random --evaluations 9 --seeds 2 --workers 2 --merge-equal`.split(
      ' ',
    ),
    {
      stdout: { write: (text) => (result.out += text) },
      stderr: { write: (text) => (result.err += text) },
    },
  );
  expect(result.err).toBe('');
  expect(code).toBe(0);
  // The means of rows 0 and 3, 1 and 4, 2 and 5; every run finds all three.
  expect(result.out).toMatch(/3 architectures of nasbench201; best accuracy 3\.5/);
  expect(result.out).toMatch(/3 rows build the network of another row/);
  expect(result.out).toMatch(/random +3 +3\.5000/);
});

test('a strategy of a module, in other processes too', async () => {
  const path = join(folder, 'first.ts');
  writeFileSync(
    path,
    `export default {
      name: 'first',
      description: 'The first that is left.',
      suggest: ({ listed, accept }) => ({ genome: listed().find(accept) }),
    };`,
  );
  const args = ['--where', 'task=one', '--strategy', `${path},random`, '--evaluations', '32', '--seeds', '2'];
  const { code, out } = await bench(...args, '--workers', '2', '--json');
  expect(code).toBe(EXIT.ok);
  expect(JSON.parse(out).results[0]).toMatchObject({ strategy: path, evaluations: 32, bestShare: 1 });

  const none = join(folder, 'none.ts');
  writeFileSync(none, 'export default {};');
  expect(await bench('--where', 'task=one', '--strategy', none, '--evaluations', '4')).toMatchObject({
    code: EXIT.usage,
    err: expect.stringMatching(/exports no strategy.*\n.*name, description, suggest/),
  });
});

test('what a strategy prepares in another process is told here', async () => {
  const path = join(folder, 'slow.ts');
  writeFileSync(
    path,
    `export default {
      name: 'slow',
      description: 'The first that is left, after a long preparation.',
      *prepare({ history }) {
        if (history.length > 0) return;
        for (let i = 0; i < 4; i++) {
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60);
          yield i / 4;
        }
      },
      suggest: ({ listed, accept }) => ({ genome: listed().find(accept) }),
    };`,
  );
  const shown: string[] = [];
  const args = [
    '--where',
    'task=one',
    '--strategy',
    path,
    '--evaluations',
    '2',
    '--seeds',
    '2',
    '--workers',
    '2',
  ];
  const code = await runCli(
    ['bench', 'table', '--table', table, '--space', 'nats-size', '--signal', 'accuracy', ...args],
    {
      stdout: { write: () => undefined },
      stderr: { isTTY: true, write: (text: string) => shown.push(text) },
    },
  );
  expect(code).toBe(EXIT.ok);
  expect(shown.join('')).toContain(` of 2 runs · ${path}: features of all networks · 50 %`);
});

test('a plot that cannot be written is told before anything runs', async () => {
  const path = join(folder, 'none', 'regret.svg');
  const { code, out, err } = await bench(...ONE, '--seeds', '2', '--plot', path);
  expect({ code, out }).toEqual({ code: EXIT.storage, out: '' });
  expect(err).toContain(`Cannot use ${path}: its folder is not there`);
});

test('a table with several tasks says that one must be chosen', async () => {
  const { code, err } = await bench('--evaluations', '4');
  expect(code).toBe(EXIT.data);
  expect(err).toMatch(/--where task=one\|two/);
});

test('Ctrl-C ends replays in other processes cleanly, between two evaluations', async () => {
  const ended = bench('--where', 'task=one', '--strategy', 'random', '--reach', '999', '--workers', '2');
  setTimeout(() => process.emit('SIGINT'), 200);
  const { code, out, err } = await ended;
  expect(code).toBe(EXIT.interrupted);
  expect(out).toBe('');
  expect(err).toMatch(/^\s*Stopping\. [^\n]*\n$/);
});
