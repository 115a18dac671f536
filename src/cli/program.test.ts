import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { initialWeights } from '../network/initialise.ts';
import { createRandom } from '../random.ts';
import { modelBytes } from '../search/export-model.ts';
import type { ModelMetadata } from '../search/model-metadata.ts';
import { residual } from '../space/presets/residual.ts';
import { sampleGenome } from '../space/sampling.ts';
import { runCli } from './program.ts';

const folder = mkdtempSync(join(tmpdir(), 'espalier-cli-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs the program with captured output. */
async function run(...args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const result = { code: 0, out: '', err: '' };
  result.code = await runCli(args, {
    stdout: {
      write: (text) => {
        result.out += text;
      },
    },
    stderr: {
      write: (text) => {
        result.err += text;
      },
    },
  });
  return result;
}

/** An untrained model with metadata, as a search writes it. */
function writeModel(): string {
  const genome = sampleGenome(residual, createRandom('cli'), 'decisions');
  const network = residual.build(genome, { inputShape: [3, 16, 16], outputs: 3 });
  const metadata: ModelMetadata = {
    labels: ['red', 'green', 'blue'],
    preprocessing: {
      channels: 3,
      height: 16,
      width: 16,
      colour: 'rgb',
      mean: [0.5, 0.5, 0.5],
      std: [0.25, 0.25, 0.25],
      scale: 1 / 255,
      resize: 'area',
    },
    genome: genome as NonNullable<ModelMetadata['genome']>,
    space: 'residual',
    seed: 1,
    version: '0',
    data: 'x',
    accuracy: { float: { val: 0.3, test: null, testCount: 0, testInterval: null } },
    latency: { float: null },
  };
  const path = join(folder, 'model.onnx');
  writeFileSync(path, modelBytes(network, initialWeights(network, createRandom('weights')), metadata));
  return path;
}

/** A bitmap of one colour: 2×2 pixels, 24 bits. */
function writeImage(name: string): string {
  const bytes = Buffer.alloc(54 + 16, 128);
  bytes.write('BM', 0, 'latin1');
  bytes.writeUInt32LE(bytes.length, 2);
  bytes.writeUInt32LE(0, 6);
  bytes.writeUInt32LE(54, 10);
  bytes.writeUInt32LE(40, 14);
  bytes.writeInt32LE(2, 18);
  bytes.writeInt32LE(2, 22);
  bytes.writeUInt16LE(1, 26);
  bytes.writeUInt16LE(24, 28);
  for (let at = 30; at < 54; at += 4) bytes.writeUInt32LE(0, at);
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

test('every command has help with examples', async () => {
  const { out, code } = await run('--help');
  expect(code).toBe(0);
  expect(out).toContain('Exit codes:');
  const commands = [...out.matchAll(/^ {2}([a-z]+) (?:\[|<| {2})/gm)].map((match) => match[1]!);
  expect(commands).toEqual(
    expect.arrayContaining([
      'search',
      'quickstart',
      'resume',
      'report',
      'predict',
      'inspect',
      'spaces',
      'studies',
      'doctor',
    ]),
  );
  for (const command of commands.filter((name) => name !== 'help')) {
    const help = await run(command, '--help');
    expect(help.code).toBe(0);
    expect(help.out).toContain(`$ espalier ${command}`);
  }
});

test.each([
  [['search', '--tme', '3'], 2, "error: unknown option '--tme'\n  fix: Did you mean --time?\n"],
  [['serch'], 2, "error: unknown command 'serch'\n  fix: Did you mean search?\n"],
  [['flummox'], 2, "error: unknown command 'flummox'\n  fix: The commands are search, quickstart, "],
  [['search', 'drawn', '--strategy', 'toString'], 2, 'error: There is no strategy "toString"'],
  [
    ['search', 'drawn', '--time', 'soon'],
    2,
    'error: --time: "soon" is not a duration\n  fix: Write for example',
  ],
  [['search', 'drawn', '--workers', '1.5'], 2, 'error: --workers: '],
  [['search'], 2, 'error: No data given\n  fix: '],
  [
    ['search', 'drawn', '--space', 'mobil', '--out', join(folder, 'never')],
    2,
    'error: There is no search space "mobil"',
  ],
  [['search', 'drawn', '--config', 'nowhere.yaml'], 2, 'error: nowhere.yaml: there is no such file\n  fix: '],
  [['inspect', 'nowhere.onnx'], 3, 'error: There is no model file nowhere.onnx\n  fix: Check the path'],
  [['resume', join(folder, 'nothing')], 5, 'error: '],
  [['predict', 'x.onnx', 'nowhere.png'], 2, 'error: There is no file or folder nowhere.png\n  fix: '],
])('%j ends with %i and says why', async (args, code, message) => {
  const result = await run(...args);
  expect(result.err).toContain(message);
  expect(result.err).not.toMatch(/^\s+at /m);
  expect(result.code).toBe(code);
  expect(result.out).toBe('');
});

test('a command that needs another one after it shows its help', async () => {
  const { code, out, err } = await run('device');
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toContain('Usage: espalier device [options] [command]');
});

test('spaces lists the presets and shows one', async () => {
  const list = await run('spaces');
  for (const name of ['residual', 'mobile', 'nasbench201']) expect(list.out).toContain(name);
  expect(list.out).toMatch(/nasbench201\s+15625/);
  const one = JSON.parse((await run('spaces', 'nasbench201', '--json')).out);
  expect(one).toMatchObject({ size: '15625', example: { params: expect.any(Number) } });
});

test('doctor names what it checked', async () => {
  const { out } = await run('doctor', '--json');
  const findings = JSON.parse(out) as { what: string; value: string }[];
  expect(findings.map((f) => f.what)).toEqual(
    expect.arrayContaining(['Node', 'memory', 'ONNX Runtime', 'image decoding', 'database']),
  );
  expect(findings.find((f) => f.what === 'ONNX Runtime')!.value).toContain('cpu');
});

test('predict needs the file alone; probabilities sum to one', async () => {
  const model = writeModel();
  const image = writeImage('grey.bmp');
  const { out, code, err } = await run('predict', model, image, '--top', '3', '--json');
  expect(err).toBe('');
  expect(code).toBe(0);
  const { predictions } = JSON.parse(out) as { predictions: { label: string; probability: number }[] };
  expect(new Set(predictions.map((p) => p.label))).toEqual(new Set(['red', 'green', 'blue']));
  expect(predictions.reduce((sum, p) => sum + p.probability, 0)).toBeCloseTo(1, 6);
  expect(predictions[0]!.probability).toBeGreaterThanOrEqual(predictions[1]!.probability);
});

test('predict goes on after an image that cannot be read, and says so', async () => {
  const model = writeModel();
  const good = writeImage('good.bmp');
  const bad = join(folder, 'bad.png');
  writeFileSync(bad, 'not an image');
  const { out, err, code } = await run('predict', model, bad, good, '--top', '1');
  expect(out).toContain('good.bmp');
  expect(err).toContain('bad.png');
  expect(code).toBe(3);
  const json = await run('predict', model, bad, good, '--json');
  expect(
    json.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toEqual([
    { image: bad, error: expect.stringContaining('bad.png'), hint: expect.any(String) },
    { image: good, predictions: expect.any(Array) },
  ]);
});

test('inspect shows layers, costs and metadata', async () => {
  const { out } = await run('inspect', writeModel());
  expect(out).toContain('batch×3×16×16');
  expect(out).toContain('espalier.labels');
  expect(out).toMatch(/Conv\s+batch×/);
});

test('studies says how to begin where there are no runs', async () => {
  expect((await run('studies', folder)).out).toContain('espalier quickstart');
});
