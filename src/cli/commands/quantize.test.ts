import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { classifierHead } from '../../network/blocks/classifier-head.ts';
import { convBnAct } from '../../network/blocks/conv-bn-act.ts';
import { networkBuilder } from '../../network/builder.ts';
import { initialWeights } from '../../network/initialise.ts';
import { decodeModel } from '../../onnx/decode.ts';
import { encodeModel } from '../../onnx/encode.ts';
import { createRandom } from '../../random.ts';
import { modelBytes } from '../../search/export-model.ts';
import { runCli } from '../program.ts';

let folder: string;
let data: string;
let model: string;

/** IDX files of 12×12 images, brighter with each class. */
function writeData(): void {
  const random = createRandom('quantize');
  mkdirSync(data);
  for (const [name, count] of [
    ['train', 120],
    ['t10k', 30],
  ] as const) {
    const head = (type: number, dims: readonly number[]): Buffer => {
      const buffer = Buffer.alloc(4 + 4 * dims.length);
      buffer.writeUInt32BE((type << 8) | dims.length, 0);
      dims.forEach((d, i) => {
        buffer.writeUInt32BE(d, 4 + 4 * i);
      });
      return buffer;
    };
    const labels = Uint8Array.from({ length: count }, (_, i) => i % 3);
    const images = Uint8Array.from(
      { length: count * 144 },
      (_, i) => 80 * (Math.floor(i / 144) % 3) + random.int(60),
    );
    writeFileSync(join(data, `${name}-images-idx3-ubyte`), Buffer.concat([head(8, [count, 12, 12]), images]));
    writeFileSync(join(data, `${name}-labels-idx1-ubyte`), Buffer.concat([head(8, [count]), labels]));
  }
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-quantize-'));
  data = join(folder, 'data');
  writeData();
  const b = networkBuilder([1, 12, 12]);
  const x = convBnAct(b, b.input, { out: 8, kernel: 3, stride: 2, activation: 'relu' });
  const network = b.build([classifierHead(b, x, 3)]);
  model = join(folder, 'model.onnx');
  writeFileSync(model, modelBytes(network, initialWeights(network, createRandom('weights')), null));
});
afterAll(() => rmSync(folder, { recursive: true }));

const run = (...args: readonly string[]) => espalier('quantize', ...args);

async function espalier(...args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const result = { code: 0, out: '', err: '' };
  const collect = (to: 'out' | 'err') => ({
    write: (text: string) => {
      result[to] += text;
    },
  });
  result.code = await runCli([...args], { stdout: collect('out'), stderr: collect('err') });
  return result;
}

test('a model from elsewhere: both accuracies, latencies, sizes, what stayed in float; the file says how it was made', async () => {
  const out = join(folder, 'small.onnx');
  const flags = [
    '--data',
    data,
    '--out',
    out,
    '--mean',
    '0.5',
    '--std',
    '0.3',
    '--fine-tune',
    '1',
    '--threads',
    '1',
  ];
  const { code, out: text, err } = await run(model, ...flags, '--json');
  expect({ code, err: err.match(/error.*/)?.[0] }).toEqual({ code: 0, err: undefined });
  expect(err).toContain('fine-tuning');
  const result = JSON.parse(text);
  expect(result.kernels.integer).toMatchObject({ QLinearConv: 1, QGemm: 1 });
  expect(result).toMatchObject({
    // It is not trained.
    warnings: expect.arrayContaining([expect.stringContaining('hardly better than chance')]),
    keptFloat: [],
    float: { testCount: 30 },
    int8: { testCount: 30 },
  });
  expect(result.layers.every((layer: { integer: boolean }) => layer.integer)).toBe(true);
  for (const side of [result.float, result.int8]) {
    expect(side.testAccuracy).toBeGreaterThanOrEqual(0);
    expect(side.testAccuracy).toBeLessThanOrEqual(1);
  }
  const { test: moved, val } = result.change;
  expect(moved.change).toBeCloseTo(result.int8.testAccuracy - result.float.testAccuracy, 9);
  expect(val.change).toBeCloseTo(result.int8.valAccuracy - result.float.valAccuracy, 9);
  expect(moved.gained - moved.lost).toBe(Math.round(30 * moved.change));
  expect(moved.interval[0]).toBeLessThan(moved.change);
  expect(moved.interval[1]).toBeGreaterThan(moved.change);
  expect(result.latency.firstMs).toBeGreaterThan(0);
  const written = decodeModel(readFileSync(out));
  expect(result.int8.bytes).toBe(readFileSync(out).length);
  const note = JSON.parse(written.metadata['espalier.quantisation']!);
  expect(note).toMatchObject({ target: 'onnxruntime', fineTuneEpochs: 1 });
  // The one that `auto` took.
  expect(['minMax', 'percentile', 'entropy', 'mse']).toContain(note.method);
  const accuracy = JSON.parse(written.metadata['espalier.accuracy']!);
  expect(accuracy.int8).toMatchObject({ test: result.int8.testAccuracy, testCount: 30 });
  expect(accuracy.float.testInterval).toEqual(result.float.testInterval);
  expect(result.sensitivities).toBeNull();
});

test('the file that comes of it can predict and be verified, with the labels and preprocessing of the flags', async () => {
  const out = join(folder, 'own.onnx');
  const labels = join(folder, 'own-labels.txt');
  writeFileSync(labels, '2\n1\n0\n');
  const flags = ['--mean', '0.4', '--std', '0.2', '--labels', labels, '--seed', '7', '--threads', '1'];
  expect((await run(model, '--data', data, '--out', out, ...flags, '--json')).code).toBe(0);
  const { metadata } = decodeModel(readFileSync(out));
  expect(JSON.parse(metadata['espalier.labels']!)).toEqual(['2', '1', '0']);
  expect(JSON.parse(metadata['espalier.preprocessing']!)).toMatchObject({
    mean: [0.4],
    std: [0.2],
    width: 12,
  });
  const latency = JSON.parse(metadata['espalier.latency']!);
  for (const { medianMs, quantilesMs } of [latency.float, latency.int8])
    expect(quantilesMs.p50).toBe(medianMs);
  const verified = await espalier('verify', out, '--data', data, '--no-latency', '--json');
  expect(verified.code).toBe(0);
  const { checks } = JSON.parse(verified.out) as { checks: { name: string; status: string }[] };
  expect(Object.fromEntries(checks.map(({ name, status }) => [name, status]))).toEqual({
    digest: 'agrees',
    structure: 'agrees',
    cost: 'unchecked',
    runs: 'agrees',
    kernels: 'agrees',
    intervals: 'agrees',
    latency: 'unchecked',
    data: 'agrees',
    accuracy: 'agrees',
  });
  const image = join(folder, 'image.png');
  await sharp({ create: { width: 12, height: 12, channels: 3, background: '#888' } }).toFile(image);
  const predicted = await espalier('predict', out, image, '--json');
  expect(
    JSON.parse(predicted.out)
      .predictions.map((p: { label: string }) => p.label)
      .sort(),
  ).toEqual(['0', '1', '2']);
});

test('the table for people, layers kept in float among it', async () => {
  const fixed = decodeModel(readFileSync(model));
  const graph = {
    ...fixed.graph,
    inputs: [{ ...fixed.graph.inputs[0]!, shape: [4, 1, 12, 12] }],
    outputs: [{ ...fixed.graph.outputs[0]!, shape: [4, 3] }],
  };
  const path = join(folder, 'fixed.onnx');
  writeFileSync(path, encodeModel({ ...fixed, graph }));
  const flags = ['--keep-float', 'head.linear', '--threads', '1', '--sensitivity'];
  const { code, out } = await run(path, '--data', data, ...flags);
  expect(code).toBe(0);
  expect(out).toMatch(/test accuracy +\d+\.\d+ % +\d+\.\d+ %/);
  expect(out).toMatch(/head\.linear +Gemm +it was chosen to stay in float/);
  expect(out).toMatch(/most sensitive first:\n +\S*conv\S* +\d\S* %/);
  expect(out).toContain('warning: the model does not say how its images are normalised');
  expect(out).toContain(`wrote ${join(folder, 'fixed.int8.onnx')}`);
});

test('a model that a search delivered in 8 bits is not replaced unawares', async () => {
  const delivered = join(folder, 'delivered.int8.onnx');
  const source = join(folder, 'delivered.onnx');
  writeFileSync(source, readFileSync(model));
  writeFileSync(delivered, 'of a search');
  const refused = await run(source, '--data', data);
  expect(refused.code).toBe(2);
  expect(refused.err).toMatch(
    /There is a file \S*delivered\.int8\.onnx already\n {2}fix: .*--out.*--overwrite/,
  );
  expect(readFileSync(delivered, 'utf8')).toBe('of a search');
  expect((await run(source, '--data', data, '--overwrite', '--threads', '1')).code).toBe(0);
  expect(decodeModel(readFileSync(delivered)).metadata['espalier.quantisation']).toBeDefined();
  const itself = await run(source, '--data', data, '--out', source, '--overwrite');
  expect(itself.err).toContain('that is the model in float itself');
});

describe('mistakes', () => {
  test.each([
    ['no data', () => [model], 2, /--data/],
    [
      'unknown method',
      () => [model, '--data', data, '--method', 'best'],
      2,
      /--method best.*\n.*minMax, percentile/,
    ],
    ['unknown target', () => [model, '--data', data, '--target', 'npu'], 2, /onnxruntime, tensorrt/],
    ['bad number', () => [model, '--data', data, '--max-drop', 'much'], 2, /--max-drop much/],
    ['bad mean', () => [model, '--data', data, '--mean', '1,2,3'], 2, /3 numbers, and the model 1 channel/],
    [
      'unknown layer',
      () => [model, '--data', data, '--keep-float', 'nolayer'],
      2,
      /no layer or scope "nolayer".*\n.*espalier inspect/,
    ],
    [
      'no folder to write to',
      () => [model, '--data', data, '--out', join(folder, 'none', 'small.onnx')],
      5,
      /its folder is not there/,
    ],
    [
      'quantised already',
      () => [join(folder, 'delivered.int8.onnx'), '--data', 'none'],
      2,
      /quantised already/,
    ],
    ['no model', () => [join(folder, 'none.onnx'), '--data', data], 3, /no model file/],
    ['no images', () => [model, '--data', join(folder, 'none')], 3, /no data at/],
    ['labels', () => [model, '--data', data, '--labels', labelsFile()], 2, /the class "2"/],
  ] as const)('%s', async (_, args, code, message) => {
    const result = await run(...args());
    expect(result.err).toMatch(message);
    expect(result.err).toContain('fix:');
    expect(result.code).toBe(code);
  });

  const labelsFile = (): string => {
    const path = join(folder, 'labels.txt');
    writeFileSync(path, '0\n1\nother\n');
    return path;
  };
});
