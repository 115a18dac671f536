import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCli } from '../../cli/program.ts';
import { encodeModel } from '../../onnx/encode.ts';
import { createRandom } from '../../random.ts';
import { PRESETS } from '../../space/presets/index.ts';
import { FORMAT, formatCalibration, parseCalibration, readCalibration } from './calibration-file.ts';
import { evaluate, type Sample } from './coefficients.ts';
import { USUAL_DRIFT } from './drift.ts';
import { fitLatency, predictLatency } from './fit.ts';
import { kernelsOf } from './kernels.ts';
import { drawModel } from './random-models.ts';
import { workOf } from './work.ts';

const setting = {
  spaces: [PRESETS.mobile, PRESETS.nasbench201, PRESETS.residual],
  io: { inputShape: [3, 32, 32], outputs: 10 },
} as const;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-predict-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Latencies of a machine that follows the model, but for noise. */
function synthetic(count: number, noise: number): Sample[] {
  const random = createRandom('synthetic');
  return Array.from({ length: count }, () => {
    const [a, b, free] = [1 + random.next() * 9, random.next() * 5, random.next() * 5];
    const ms = (0.5 + 2 * a + 3 * b) * (1 + noise * random.normal());
    return {
      work: new Map([
        ['run', 1],
        ['a/macs', a],
        ['b/macs', b],
        ['free/moved', free],
      ]),
      ms,
    };
  });
}

test('coefficients are found again, and what costs nothing costs nothing', () => {
  const { coefficients, relativeError } = fitLatency(synthetic(80, 0), 0.9);
  expect(coefficients['a/macs']).toBeCloseTo(2, 1);
  expect(coefficients['b/macs']).toBeCloseTo(3, 1);
  expect(coefficients['free/moved'] ?? 0).toBeLessThan(0.01);
  // Nothing is missed: what is left is the drift of a machine between sessions.
  expect(relativeError).toBeCloseTo(1.593 * USUAL_DRIFT, 4);
});

test('the interval covers what it says, over sessions of which each is a little faster or slower', () => {
  const all = synthetic(1600, 0.05);
  const model = fitLatency(all.slice(0, 600), 0.9);
  const random = createRandom('sessions');
  const covered = all.slice(600).filter(({ work, ms }) => {
    const { lowMs, highMs } = predictLatency(model, work);
    const then = ms * (1 + USUAL_DRIFT * random.normal());
    return lowMs <= then && then <= highMs;
  });
  expect(covered.length / 1000).toBeGreaterThan(0.84);
  expect(covered.length / 1000).toBeLessThan(0.96);
});

test('what the sum over kernels misses is learnt from neighbours', () => {
  // A cost that no sum of amounts has: a share of the time by how the work is divided.
  const bent = synthetic(500, 0).map(({ work, ms }) => {
    const [a, b] = [work.get('a/macs')!, work.get('b/macs')!];
    return { work, ms: ms * (1 + 0.3 * (a / (a + b) - 0.5) ** 2 + (0.2 * a * b) / (a + b) ** 2) };
  });
  const model = fitLatency(bent.slice(0, 300), 0.9);
  const errors = (predict: (work: Sample['work']) => number): number =>
    Math.max(...bent.slice(300).map(({ work, ms }) => Math.abs(predict(work) / ms - 1)));
  const corrected = errors((work) => predictLatency(model, work).ms);
  expect(corrected).toBeLessThan(0.5 * errors((work) => evaluate(model.coefficients, work)));
});

test('work that calibration never saw is named', () => {
  const model = fitLatency(synthetic(80, 0), 0.9);
  expect(predictLatency(model, new Map([['Foo: Foo after Conv/calls', 1]])).unknown).toEqual([
    'Foo after Conv',
  ]);
});

test('kernels of real networks: one for each convolution, MACs not below the true ones', async () => {
  for (let i = 0; i < 3; i++) {
    const model = await drawModel(setting, i, createRandom(i));
    const kernels = kernelsOf(model);
    const convolutions = model.graph.nodes.filter(({ op }) => op === 'Conv').length;
    expect(convolutions).toBeGreaterThan(0);
    expect(kernels.filter(({ kind }) => kind.name.startsWith('Conv '))).toHaveLength(convolutions);
    for (const amount of workOf(kernels).values()) expect(Number.isFinite(amount)).toBe(true);
  }
});

test('weights come from a table, since nobody looks at them: drawing millions would take longer than timing', async () => {
  const models = { spaces: [PRESETS.nasbench201], io: { inputShape: [3, 32, 32], outputs: 10 } } as const;
  const { graph } = await drawModel(models, 0, createRandom('weights'));
  const largest = [...graph.initializers.values()].reduce((a, b) => (b.data.length > a.data.length ? b : a));
  expect(largest.data.length).toBeGreaterThan(30_000);
  expect(new Set(largest.data as Float32Array).size).toBeLessThanOrEqual(8191);
  expect(new Set(largest.data as Float32Array).size).toBeGreaterThan(4000);
});

test('a file is read, predicts a model, and is refused when it is something else', async () => {
  const path = join(folder, 'latency.json');
  const model = fitLatency(
    [1, 2, 3, 4].flatMap(() => synthetic(40, 0)),
    0.9,
  );
  const file = {
    format: FORMAT,
    machine: 'a board',
    runtime: 'an engine',
    provider: 'cpu',
    threads: 1,
    version: '0',
    spaces: ['mobile'],
    inputShape: [3, 32, 32],
    models: { float: { ...model, networks: 160 } },
  };
  writeFileSync(path, JSON.stringify(file));
  // What predictions do without has its default.
  expect(parseCalibration(JSON.stringify(file), path).models.float).toEqual({
    ...model,
    networks: 160,
    refused: 0,
    free: [],
    seed: '0',
    slowness: 1,
    landmarks: [],
  });
  const text = formatCalibration(parseCalibration(JSON.stringify(file), path));
  expect(parseCalibration(text, path)).toEqual(parseCalibration(JSON.stringify(file), path));
  expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(130);
  expect(() => parseCalibration('{', path)).toThrow('it is not JSON');
  expect(() => parseCalibration(JSON.stringify({ ...file, format: 'espalier-latency-1' }), path)).toThrow(
    'another version of Espalier (espalier-latency-1, this one reads espalier-latency-2)',
  );
  expect(() => parseCalibration(JSON.stringify({ ...file, threads: 0 }), path)).toThrow('threads');
  expect(() => parseCalibration(JSON.stringify({ ...file, models: {} }), path)).toThrow('there is none');
  await expect(readCalibration(join(folder, 'none.json'))).rejects.toThrow('cannot be read');
  const onnx = join(folder, 'model.onnx');
  const drawn = await drawModel(setting, 2, createRandom('cli'));
  writeFileSync(onnx, encodeModel(drawn));
  let out = '';
  let err = '';
  const terminal = {
    stdout: {
      write: (text: string) => {
        out += text;
      },
    },
    stderr: {
      write: (text: string) => {
        err += text;
      },
    },
  };
  // A file of an earlier version has no landmarks to adjust it by, which is told before anything is timed.
  expect(await runCli(['device', 'adjust', path], terminal)).toBe(2);
  expect(err).toContain('cannot be adjusted');
  expect(out).toBe('');
  expect(await runCli(['device', 'predict', onnx, '--calibration', path, '--json'], terminal)).toBe(0);
  expect(JSON.parse(out)).toMatchObject({
    predicted: true,
    machine: 'a board',
    ms: predictLatency(model, workOf(kernelsOf(drawn))).ms,
  });
});
