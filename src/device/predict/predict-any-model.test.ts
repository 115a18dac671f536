/** Predictions for models of other programs: computed shapes, open sizes, operators that nobody calibrated. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCaptured } from '../../../test/fixtures/run-cli.ts';
import { decodeModel } from '../../onnx/decode.ts';
import { encodeModel } from '../../onnx/encode.ts';
import type { Attributes, OnnxModel, OnnxNode, Tensor } from '../../onnx/model.ts';
import { PRESETS } from '../../space/presets/index.ts';
import { calibrateLatency } from './calibrate.ts';
import { FORMAT, type LatencyCalibration } from './calibration-file.ts';
import { kernelsOf } from './kernels.ts';
import { predictAnyModel } from './predict-any-model.ts';
import { steady } from './typical-latency.ts';

let folder: string;
let calibration: LatencyCalibration;
/** Milliseconds of a machine whose time is that of the convolutions' multiplications. */
const msOf = (model: OnnxModel): number =>
  kernelsOf(model).reduce(
    (sum, { kind, amounts }) => sum + 1e-6 * (amounts[kind.sorts.indexOf('macs')] ?? 0),
    0.01,
  );

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-predict-any-'));
  const {
    models: [float],
  } = await calibrateLatency({
    ways: [{ spaces: [PRESETS.residual], io: { inputShape: [3, 32, 32], outputs: 10 } }],
    timer: async (encoded) => steady(msOf(decodeModel(encoded))),
    seconds: 1e6,
    networks: 60,
    seed: 1,
  });
  calibration = {
    format: FORMAT,
    machine: 'a board',
    runtime: 'an engine 1.0',
    provider: 'cpu',
    threads: 1,
    version: '0',
    spaces: ['residual'],
    inputShape: [3, 32, 32],
    models: { float: structuredClone(float) as never },
  };
  writeFileSync(join(folder, 'board.json'), JSON.stringify(calibration));
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true }));

const node = (
  op: string,
  inputs: readonly string[],
  output: string,
  attributes: Attributes = {},
): OnnxNode => ({
  name: `${output}-node`,
  op,
  domain: '',
  inputs,
  outputs: [output],
  attributes,
});
const ints = (...value: number[]) => ({ type: 'ints', value }) as const;
const floats = (...shape: number[]): Tensor => ({
  dtype: 'float32',
  shape,
  data: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(0.1),
});
const integers = (...values: number[]): Tensor => ({
  dtype: 'int64',
  shape: [values.length],
  data: BigInt64Array.from(values, BigInt),
});
const CONV = node('Conv', ['x', 'w'], 'c', { pads: ints(1, 1, 1, 1), kernel_shape: ints(3, 3) });

const model = (
  nodes: readonly OnnxNode[],
  output: { readonly name: string; readonly shape: readonly (number | string)[] },
  size: readonly [number | string, number | string] = ['height', 'width'],
): OnnxModel => ({
  irVersion: 10,
  opsets: { '': 21 },
  metadata: {},
  producer: 'another program',
  graph: {
    name: 'other',
    inputs: [{ name: 'x', dtype: 'float32', shape: ['batch', 3, ...size] }],
    outputs: [{ ...output, dtype: 'float32' }],
    initializers: new Map([
      ['w', floats(16, 3, 3, 3)],
      ['two', integers(2)],
      ['rest', integers(-1)],
    ]),
    nodes,
  },
});
const CONVOLVED = { name: 'c', shape: ['batch', 16, 'height', 'width'] };
const sized = (height: number, width: number) => new Map([['x', [1, 3, height, width]]]);

test('open sizes are named and taken as 1; given ones count, as if the file had them', () => {
  const open = model([CONV], CONVOLVED);
  const none = predictAnyModel(calibration, open, new Map());
  expect(none.assumed).toEqual(['x: height', 'x: width']);
  const large = predictAnyModel(calibration, open, sized(32, 32));
  expect(large.assumed).toEqual([]);
  const fixed = predictAnyModel(calibration, model([CONV], CONVOLVED, [32, 32]), new Map());
  expect(large).toEqual(fixed);
  expect(large.ms).toBeGreaterThan(10 * none.ms);
  expect(() => predictAnyModel(calibration, open, new Map([['y', [1]]]))).toThrow('no input "y"');
  expect(() => predictAnyModel(calibration, open, new Map([['x', [1, 4, 8, 8]]]))).toThrow(
    '1x4x8x8 does not fit its input "x", which is batchx3xheightxwidth',
  );
});

test('shapes that an exporter computes cost nothing, and are followed', () => {
  // Flattened as exporters do it: [shape(c)[0], -1].
  const computed = [
    CONV,
    node('Shape', ['c'], 'shape'),
    node('Constant', [], 'zero', {
      value: { type: 'tensor', value: { dtype: 'int64', shape: [], data: BigInt64Array.of(0n) } },
    }),
    node('Gather', ['shape', 'zero'], 'first'),
    node('Constant', [], 'axes', { value: { type: 'tensor', value: integers(0) } }),
    node('Unsqueeze', ['first', 'axes'], 'firsts'),
    node('Concat', ['firsts', 'rest'], 'target', { axis: { type: 'int', value: 0 } }),
    node('Reshape', ['c', 'target'], 'f'),
  ];
  const shape = [1, 16 * 8 * 8];
  const found = predictAnyModel(calibration, model(computed, { name: 'f', shape }), sized(8, 8));
  const written = model([CONV, node('Flatten', ['c'], 'f')], { name: 'f', shape });
  const plain = predictAnyModel(calibration, written, sized(8, 8));
  // No Shape, no Gather, no Concat among what was never calibrated.
  expect(found.unknown.filter((kind) => !kind.startsWith('Reshape'))).toEqual([]);
  expect(found.ms).toBeCloseTo(plain.ms, 2);
});

test('an operator without a rule for shapes is named as never calibrated, where nothing needs its sizes', () => {
  const last = model([CONV, node('Mystery', ['c'], 'm')], { name: 'm', shape: ['batch', 'some'] });
  const found = predictAnyModel(calibration, last, sized(16, 16));
  expect(found.unknown).toEqual(['Mystery after Conv']);
  expect(found.ms).toBeCloseTo(predictAnyModel(calibration, model([CONV], CONVOLVED), sized(16, 16)).ms, 3);
  // What the file says of its outputs is known too.
  const said = model([CONV, node('Mystery', ['c'], 'm')], { name: 'm', shape: ['batch', 10] });
  expect(predictAnyModel(calibration, said, sized(16, 16)).unknown).toEqual([
    'Mystery of a vector after Conv',
  ]);
});

test('where sizes beyond it are needed, the error names it and says to measure', () => {
  const amid = model([CONV, node('Mystery', ['c'], 'm'), node('Relu', ['m'], 'r')], {
    name: 'r',
    shape: ['batch', 10],
  });
  expect(() => predictAnyModel(calibration, amid, sized(16, 16))).toThrow(
    expect.objectContaining({
      code: 'NOT_PREDICTABLE',
      message: expect.stringContaining(
        'how large the results of Mystery are (node "m-node") is not known, and Relu',
      ),
      hint: expect.stringContaining('espalier device measure'),
    }),
  );
});

test('an operator that does not take open sizes asks for them', () => {
  const up = node('ConvTranspose', ['x', 't'], 'u', { strides: ints(2, 2), kernel_shape: ints(2, 2) });
  const open = model([up], { name: 'u', shape: ['batch', 8, 'h', 'w'] });
  const graph = {
    ...open.graph,
    initializers: new Map([...open.graph.initializers, ['t', floats(3, 8, 2, 2)]]),
  };
  expect(() => predictAnyModel(calibration, { ...open, graph }, new Map())).toThrow(
    expect.objectContaining({
      code: 'NOT_PREDICTABLE',
      hint: 'Say how large its inputs are with --shape: so far nobody did (x: height, x: width).',
    }),
  );
  expect(predictAnyModel(calibration, { ...open, graph }, sized(8, 8)).unknown).toEqual([
    'ConvTranspose by channel after input',
  ]);
});

test('on the command line: a table and JSON', async () => {
  const path = join(folder, 'open.onnx');
  writeFileSync(
    path,
    encodeModel(model([CONV, node('Mystery', ['c'], 'm')], { name: 'm', shape: ['batch', 'n'] })),
  );
  const predict = (...args: string[]) =>
    runCaptured(['device', 'predict', path, '--calibration', join(folder, 'board.json'), ...args]);
  const open = await predict();
  expect(open.code).toBe(0);
  expect(open.out).toMatch(/taken as 1 +x: height, x: width; --shape says otherwise/);
  expect(open.out).toMatch(/not calibrated +Mystery after Conv; the interval does not hold/);
  const { out } = await predict('--shape', 'x=1x3x32x32', '--json');
  expect(JSON.parse(out)).toMatchObject({ predicted: true, assumed: [], unknown: ['Mystery after Conv'] });
  expect((await predict('--shape', 'x=1x3')).err).toMatch(/1x3 does not fit its input "x".*\n {2}fix: /);
});
