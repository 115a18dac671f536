/** What users get wrong: a message with the place, the reason and the way out; the documented exit code; nothing left. */
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import Database from 'libsql';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { EXIT } from '../src/errors.ts';
import { SearchOptions } from '../src/search/options.ts';
import { put } from '../src/search/record.ts';
import { openSqlite } from '../src/storage/sqlite.ts';
import { writeIdxImages } from './fixtures/idx-images.ts';
import { runCaptured } from './fixtures/run-cli.ts';
import { smallDisk, whyNoDisk } from './fixtures/small-disk.ts';

const ROOT = mkdtempSync(join(tmpdir(), 'espalier-bad-'));
afterAll(() => rmSync(ROOT, { recursive: true, force: true }));
const at = (...parts: readonly string[]): string => join(ROOT, ...parts);
const OUT = at('runs', 'out');
const why = whyNoDisk();

async function writePng(path: string, shade: number): Promise<void> {
  const background = { r: shade, g: 255 - shade, b: (shade * 7) % 256 };
  await sharp({ create: { width: 12, height: 12, channels: 3, background } })
    .png()
    .toFile(path);
}

beforeAll(async () => {
  mkdirSync(at('empty'));
  for (const folder of ['one-class/only', 'corrupt/a', 'corrupt/b', 'truncated/a', 'truncated/b'])
    mkdirSync(at(folder), { recursive: true });
  for (let i = 0; i < 6; i++) {
    await writePng(at('one-class', 'only', `${i}.png`), 40 * i);
    for (const [j, label] of ['a', 'b'].entries()) {
      writeFileSync(at('corrupt', label, `${i}.png`), 'no image');
      await writePng(at('truncated', label, `${i}.png`), 20 * i + 120 * j);
    }
  }
  truncateSync(at('truncated', 'a', '3.png'), 60);
  writeIdxImages(at('good'), { train: 60, test: 20 });
  writeFileSync(at('typo.yaml'), `data: ${at('good')}\nepcohs: 3\n`);
  writeFileSync(at('plain-file'), '');
  mkdirSync(at('taken'));
  writeFileSync(at('taken', 'model.onnx'), 'of somebody');
  mkdirSync(at('newer'));
  const storage = await openSqlite(at('newer', 'study.db'), { mode: 'write' });
  await storage.close();
  const database = new Database(at('newer', 'study.db'));
  database.exec('PRAGMA user_version = 99');
  database.close();
  mkdirSync(at('foreign'));
  writeFileSync(
    at('foreign', 'study.db'),
    'this is no database, but it is long enough to be looked at as one'.repeat(20),
  );
}, 60_000);

type Case = readonly [
  name: string,
  args: () => readonly string[],
  code: number,
  message: RegExp,
  fix: RegExp,
];

const search = (data: string, ...flags: readonly string[]): readonly string[] => [
  'search',
  data,
  '--out',
  OUT,
  '--trials',
  '1',
  ...flags,
];

const CASES: readonly Case[] = [
  [
    'an empty folder',
    () => search(at('empty')),
    EXIT.data,
    /empty: the folder is empty/,
    /folder of its own/,
  ],
  [
    'a path that is not there',
    () => search(at('nowhere')),
    EXIT.data,
    /no data at .*nowhere/,
    /Check the path/,
  ],
  [
    'one class',
    () => search(at('one-class')),
    EXIT.data,
    /only one class, "only"/,
    /at least two class folders/,
  ],
  [
    'corrupt images alone',
    () => search(at('corrupt')),
    EXIT.data,
    /none of 12 images can be decoded; a\/0\.png/,
    /./,
  ],
  [
    'an unknown option',
    () => search(at('good'), '--epcohs', '3'),
    EXIT.usage,
    /unknown option '--epcohs'/,
    /--epochs/,
  ],
  [
    'an unknown strategy',
    () => search(at('good'), '--strategy', 'luck'),
    EXIT.usage,
    /no strategy "luck"/,
    /random/,
  ],
  [
    'an unknown measure',
    () => search(at('good'), '--objectives', 'beauty'),
    EXIT.usage,
    /no measure "beauty"/,
    /valAccuracy/,
  ],
  [
    'an unknown space',
    () => search(at('good'), '--space', './no.ts'),
    EXIT.usage,
    /no\.ts: there is no such file/,
    /./,
  ],
  [
    'an impossible bound',
    () => search(at('good'), '--max-params', '3'),
    EXIT.infeasible,
    /No network of the space "residual" was found that keeps parameters ≤ 3/,
    /nearest that was found has parameters \d+/,
  ],
  [
    'a batch larger than the data',
    () => search(at('good'), '--batch-size', '5000'),
    EXIT.data,
    /fewer than one batch of 5000/,
    /Lower the batch size/,
  ],
  [
    'a config typo',
    () => ['search', '--config', at('typo.yaml')],
    EXIT.usage,
    /typo\.yaml:2:1: epcohs/,
    /"epochs"/,
  ],
  [
    'a file where the run should go',
    () => ['search', at('good'), '--out', at('plain-file')],
    EXIT.storage,
    /plain-file: it is a file, not a folder/,
    /./,
  ],
  [
    'a model that is not of a run where one would be written',
    () => ['search', at('good'), '--out', at('taken')],
    EXIT.usage,
    /There is a file .*taken\/model\.onnx already/,
    /another folder with --out/,
  ],
  [
    'a database of a newer version',
    () => ['resume', at('newer')],
    EXIT.storage,
    /written by a newer Espalier \(format 99/,
    /Update Espalier/,
  ],
  [
    'the same as the place of a new run',
    () => ['search', at('good'), '--out', at('newer')],
    EXIT.storage,
    /written by a newer Espalier/,
    /Update Espalier/,
  ],
  [
    'a file that is no database',
    () => ['report', at('foreign')],
    EXIT.storage,
    /not a study of Espalier/,
    /file was left as it is/,
  ],
  ['no run', () => ['resume', at('nowhere')], EXIT.storage, /no study at .*nowhere/, /espalier studies/],
];

test.each(CASES)('%s', async (_, args, code, message, fix) => {
  const before = readdirSync(ROOT).sort();
  const result = await runCaptured(args());
  const [error, way] = /error: ([\s\S]*?)\n {2}fix: (.*)/.exec(result.err)!.slice(1);
  expect(error).toMatch(message);
  expect(way).toMatch(fix);
  expect(result.err).not.toMatch(/^\s+at /m);
  expect(result.code).toBe(code);
  expect(existsSync(at('runs'))).toBe(false);
  expect(readdirSync(ROOT).sort()).toEqual(before);
});

test('with --json the last line of the output is the error', async () => {
  const { out, code } = await runCaptured(search(at('one-class'), '--json'));
  expect(JSON.parse(out.trim().split('\n').at(-1)!)).toEqual({
    event: 'error',
    code: 'DATA_ONE_CLASS',
    message: expect.stringContaining('only one class'),
    hint: expect.stringContaining('two class folders'),
  });
  expect(code).toBe(EXIT.data);
});

const QUICK = ['--epochs', '1', '--final-epochs', '1', '--max-params', '20k', '--executor', 'in-process'];

test('where no trial keeps the bounds, the cause is named, and trials and report are there', async () => {
  const { err, code } = await runCaptured(search(at('good'), '--max-latency', '0.001ms', ...QUICK));
  expect(err).toMatch(
    /error: None of the 3 trials was complete within the bounds\. 3 of them: latency [\d.]+ ms is over the bound of 0\.001 ms\n {2}fix: Raise the bound/,
  );
  expect(code).toBe(EXIT.infeasible);
  const trials = JSON.parse(readFileSync(join(OUT, 'trials.json'), 'utf8'));
  expect(trials).toMatchObject(
    Array(3).fill({ state: 'pruned', reason: expect.stringContaining('over the bound') }),
  );
  expect(existsSync(join(OUT, 'report.html'))).toBe(true);
  rmSync(at('runs'), { recursive: true });
});

test('a truncated image is left out and named; the search goes on', async () => {
  const { out, code } = await runCaptured(search(at('truncated'), ...QUICK));
  expect(out).toContain('3.png');
  expect(code).toBe(EXIT.ok);
  rmSync(at('runs'), { recursive: true });
});

test('a run killed before its first trial is no run: its folder can be used again', async () => {
  mkdirSync(OUT, { recursive: true });
  const storage = await openSqlite(join(OUT, 'study.db'), { mode: 'write' });
  await put(storage, 'options', SearchOptions.parse({ data: at('good'), out: OUT }));
  await storage.close();
  const none = await runCaptured(['report', OUT]);
  expect(none.err).toContain('There is nothing to report of');
  expect(none.code).toBe(EXIT.storage);
  const { code } = await runCaptured(search(at('good'), ...QUICK));
  expect(code).toBe(EXIT.ok);
  const again = await runCaptured(search(at('good'), ...QUICK));
  expect(again.err).toContain('There is a run in');
  expect(again.code).toBe(EXIT.usage);
}, 120_000);

test('a damaged cache of the data is made again from the images, which must be the same', async () => {
  // The run of the test before.
  const changes = ['--final-epochs', '2'];
  const cache = join(OUT, 'dataset.cache');
  truncateSync(cache, 200);
  const mended = await runCaptured(['resume', OUT, ...changes]);
  expect(mended.err).toContain('the images are read again');
  expect(mended.code).toBe(EXIT.ok);
  truncateSync(cache, 200);
  const aside = at('aside');
  mkdirSync(aside);
  const file = join(at('good'), 'train-images-idx3-ubyte');
  copyFileSync(file, join(aside, basename(file)));
  const bytes = readFileSync(file);
  bytes[500]! ^= 255;
  writeFileSync(file, bytes);
  const refused = await runCaptured(['resume', OUT, ...changes]);
  expect(refused.err).toContain('not those that the run was begun with');
  expect(refused.code).toBe(EXIT.data);
  copyFileSync(join(aside, basename(file)), file);
  expect((await runCaptured(['resume', OUT, ...changes])).code).toBe(EXIT.ok);
}, 120_000);

test.skipIf(why !== '')(
  `a read-only disk${why}`,
  async () => {
    const disk = smallDisk(8192)!;
    try {
      // The run of the tests before.
      const run = join(disk.path, 'run');
      cpSync(OUT, run, { recursive: true });
      disk.setWritable(false);
      for (const args of [
        ['report', run],
        ['resume', run],
        ['search', at('good'), '--out', join(disk.path, 'other', 'run')],
      ]) {
        const { err, code } = await runCaptured(args);
        expect(err).toMatch(/error: Cannot use .*: the disk is read-only\n {2}fix: Check/);
        expect(code).toBe(EXIT.storage);
      }
      disk.setWritable(true);
      const { out } = await runCaptured(['report', run]);
      expect(
        out
          .trim()
          .split('\n')
          .map((line) => basename(line)),
      ).toEqual(['report.html', 'trials.json', 'pareto.csv']);
    } finally {
      disk.remove();
    }
  },
  120_000,
);

test.skipIf(why !== '')(
  `a disk that is full ends the run, which goes on when there is room${why}`,
  async () => {
    const disk = smallDisk(4096)!;
    try {
      const run = join(disk.path, 'run');
      const filler = join(disk.path, 'filler');
      const fill = (): void => {
        for (let kilobytes = 1024; kilobytes >= 1; kilobytes /= 2)
          for (;;)
            try {
              writeFileSync(filler, new Uint8Array(1024 * kilobytes), { flag: 'a' });
            } catch {
              break;
            }
      };
      const { err, code } = await runCaptured(
        ['search', at('good'), '--trials', '2', '--workers', '1', '--json', '--out', run, ...QUICK],
        (text) => {
          if (text.includes('"event":"final-started"')) fill();
        },
      );
      expect(err).toMatch(/error: Cannot use .*: (the disk is full|database or disk is full)/);
      expect(err).not.toMatch(/^\s+at /m);
      expect(code).toBe(EXIT.storage);
      expect(readdirSync(run).filter((name) => name.includes('part'))).toEqual([]);
      rmSync(filler);
      const resumed = await runCaptured(['resume', run, '--json']);
      expect(resumed.err).toBe('');
      expect(resumed.code).toBe(EXIT.ok);
      expect(JSON.parse(resumed.out.trim().split('\n').at(-1)!)).toMatchObject({
        event: 'done',
        trials: { complete: 2, failed: 0, pruned: 0 },
      });
    } finally {
      disk.remove();
    }
  },
  120_000,
);
