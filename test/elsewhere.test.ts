/** A run whose data and space were named from one folder is gone on with from another, and from a copy. */
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';
import { EXIT } from '../src/errors.ts';
import { writeIdxImages } from './fixtures/idx-images.ts';
import { runCaptured } from './fixtures/run-cli.ts';

const ROOT = realpathSync(mkdtempSync(join(tmpdir(), 'espalier-elsewhere-')));
const home = process.cwd();
afterAll(() => {
  process.chdir(home);
  rmSync(ROOT, { recursive: true, force: true });
});

/** Parts of the library, which load more quickly than the whole. */
const library = (file: string): string => JSON.stringify(new URL(`../src/${file}`, import.meta.url).pathname);
const SPACE = `
import { networkBuilder } from ${library('network/builder.ts')};
import { oneOf, struct } from ${library('space/choice.ts')};
import { defineSpace } from ${library('space/define-space.ts')};
export const space = defineSpace({
  name: 'tiny',
  description: 'One convolution.',
  choices: struct({ width: oneOf([4, 8]) }),
  build: ({ width }, io) => {
    const b = networkBuilder(io.inputShape);
    const x = b.activation(b.batchNorm(b.conv(b.input, { out: width, kernel: 3, stride: 2 })), 'relu');
    return b.build([b.linear(b.flatten(b.globalAveragePool(x)), { out: io.outputs })]);
  },
});
`;

const jsonLines = (out: string): { readonly event: string; readonly out?: string }[] =>
  out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

const QUICK = ['--trials', '1', '--epochs', '1', '--final-epochs', '1', '--executor', 'in-process', '--json'];

test('relative paths mean the same from everywhere; a copy of a run names itself', async () => {
  process.chdir(ROOT);
  mkdirSync('spaces');
  writeIdxImages('images', { train: 60, test: 20 });
  writeFileSync('spaces/tiny.ts', SPACE);
  const search = ['search', './images', '--space', './spaces/tiny.ts', '--out', 'run', ...QUICK];
  const first = await runCaptured(search);
  expect(first.err).toBe('');
  expect(first.code).toBe(0);
  expect(jsonLines(first.out).at(-1)).toMatchObject({ event: 'done', out: 'run' });

  mkdirSync('other');
  process.chdir('other');
  const report = await runCaptured(['report', '../run']);
  expect(report.err).toBe('');
  cpSync('../run', 'copy', { recursive: true });
  const copied = await runCaptured(['resume', 'copy', '--json']);
  expect(jsonLines(copied.out).at(-1)).toMatchObject({ event: 'done', out: 'copy' });
  // More trials: the data and the space are needed again.
  rmSync('copy/dataset.cache');
  const more = await runCaptured(['resume', 'copy', '--trials', '2', '--json']);
  expect(more.err).toBe('');
  expect(jsonLines(more.out).at(-1)).toMatchObject({ event: 'done', out: 'copy', trials: { complete: 2 } });
}, 240_000);

test('what a space prints while it loads does not get among the results', async () => {
  const talking = new URL('../examples/custom-space.ts', import.meta.url).pathname;
  const bin = new URL('../bin/espalier.js', import.meta.url).pathname;
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [bin, 'spaces', talking, '--json']);
  expect(JSON.parse(stdout)).toMatchObject({ name: 'my-convnets' });
  expect(stderr).toContain('Three of them:');
});

/** From a folder where no package is installed. Up to eight halvings: some do not fit the images. */
const APART = `
import { defineSpace, int, networkBuilder, struct } from 'espalier';
const halve = (b: ReturnType<typeof networkBuilder>, x: string): string => b.maxPool(x, { kernel: 2 });
export default defineSpace({
  name: 'apart',
  description: 'One to eight halvings.',
  choices: struct({ halvings: int(1, 8) }),
  build: ({ halvings }, io) => {
    const b = networkBuilder(io.inputShape);
    let x = b.conv(b.input, { out: 4, kernel: 3 });
    for (let i = 0; i < halvings; i++) x = halve(b, x);
    return b.build([b.linear(b.flatten(x), { out: io.outputs })]);
  },
});
`;
const run = (args: readonly string[]) => {
  const bin = new URL('../bin/espalier.js', import.meta.url).pathname;
  return promisify(execFile)(process.execPath, [bin, ...args], { cwd: ROOT });
};

test.each([
  ['CommonJS', {}],
  ['an ES module', { type: 'module' }],
])(
  'a space in a folder of its own finds Espalier (%s); genomes that do not fit are passed over',
  async (kind, manifest) => {
    const folder = join(ROOT, kind.replaceAll(' ', '-'));
    mkdirSync(folder);
    writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
    const path = join(folder, 'apart.ts');
    writeFileSync(path, APART);
    const shown = await run(['spaces', path, '--json']);
    expect(JSON.parse(shown.stdout)).toMatchObject({ name: 'apart', size: '8' });
    const images = join(folder, 'images');
    writeIdxImages(images, { train: 60, test: 20 });
    const planned = await run(['search', images, '--space', path, '--dry-run', '--json', '--trials', '8']);
    expect(JSON.parse(planned.stdout)).toMatchObject({ plan: { trials: 8 } });

    writeFileSync(
      path,
      APART.replace('b.maxPool(x, {', '(b as never as { pool: typeof b.maxPool }).pool(x, {'),
    );
    await expect(run(['spaces', path])).rejects.toMatchObject({
      code: EXIT.usage,
      stderr: expect.stringMatching(
        /"apart" does not build .*pool is not a function \(\/.*apart\.ts:3:\d+\)/,
      ),
    });
  },
  120_000,
);

test('a configuration file elsewhere may carry a space', async () => {
  process.chdir(ROOT);
  mkdirSync('configs');
  const carried = `${SPACE.replace('export const', 'const')}\nexport default { space, data: '../images', trials: 1 };\n`;
  writeFileSync('configs/mine.ts', carried);
  const { out, err, code } = await runCaptured([
    'search',
    '--config',
    'configs/mine.ts',
    '--dry-run',
    '--json',
  ]);
  expect(err).toBe('');
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({ options: { space: join(ROOT, 'configs', 'mine.ts') } });
});
