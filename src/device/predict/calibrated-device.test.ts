import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { deviceMeasures } from '../../estimation/device-measures.ts';
import { decodeModel } from '../../onnx/decode.ts';
import { encodeModel } from '../../onnx/encode.ts';
import { createGraphBuilder } from '../../onnx/graph-builder.ts';
import { createRandom } from '../../random.ts';
import { PRESETS } from '../../space/presets/index.ts';
import { openDevice } from '../open-device.ts';
import { calibrateLatency } from './calibrate.ts';
import { isCalibrationPath } from './calibrated-device.ts';
import { FORMAT } from './calibration-file.ts';
import { kernelsOf } from './kernels.ts';
import { drawModel } from './random-models.ts';
import { steady } from './typical-latency.ts';

const models = { spaces: [PRESETS.nasbench201], io: { inputShape: [3, 16, 16], outputs: 10 } } as const;

let folder: string;
let path: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-calibrated-'));
  path = join(folder, 'board.json');
  // A machine that takes 10 µs for each kernel.
  const {
    models: [float],
  } = await calibrateLatency({
    ways: [models],
    timer: async (encoded) => steady(0.01 * kernelsOf(decodeModel(encoded)).length),
    seconds: 1e6,
    networks: 40,
    seed: 1,
  });
  const file = {
    format: FORMAT,
    machine: 'a board',
    runtime: 'an engine 1.0',
    provider: 'cpu',
    threads: 2,
    version: '0',
    spaces: ['nasbench201'],
    inputShape: [3, 16, 16],
    models: { float },
  };
  writeFileSync(path, JSON.stringify(file));
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true }));

const patience = { seconds: 1 };

test('addresses of devices are told from paths of calibrations', () => {
  expect(isCalibrationPath('board.json')).toBe(true);
  expect(isCalibrationPath('http://127.0.0.1:8377/board.json')).toBe(false);
  expect(isCalibrationPath('127.0.0.1')).toBe(false);
});

test('it introduces itself as what it is, a prediction', async () => {
  expect(await openDevice(path, patience).describe()).toMatchObject({
    device: 'a board, predicted from a calibration',
    runtime: 'an engine 1.0',
    threads: 2,
  });
});

test('a candidate gets its latency and interval there, and breaks a bound', async () => {
  const model = await drawModel(models, 0, createRandom('candidate'));
  const truth = 0.01 * kernelsOf(model).length;
  const ask = (maxMs: number | null, address = path): ReturnType<typeof deviceMeasures> =>
    deviceMeasures({
      devices: { targets: [{ name: 'board', address, maxMs }], patienceSeconds: 1 },
      threads: 1,
      float: encodeModel(model),
      int8: null,
      signal: new AbortController().signal,
      onTrouble: () => undefined,
    });
  const { measures, over, error } = await ask(null);
  expect({ over, error }).toEqual({ over: null, error: null });
  expect(measures['latencyMs@board']! / truth).toBeCloseTo(1, 1);
  expect(measures['latencyLowMs@board']).toBeLessThanOrEqual(measures['latencyMs@board']!);
  expect(measures['latencyHighMs@board']).toBeGreaterThanOrEqual(measures['latencyMs@board']!);
  expect((await ask(truth / 2)).over).toContain('on board is over the bound');
  expect((await ask(null, join(folder, 'none.json'))).error).toMatchObject({ code: 'USAGE' });
});

test('what was never calibrated is refused by name, 8-bit models too', async () => {
  const device = openDevice(path, patience);
  const g = createGraphBuilder({ name: 'other' });
  g.output(g.op('Softmax', [g.input('x', 'float32', [1, 8])]));
  await expect(device.measure(encodeModel(g.build()), {})).rejects.toThrow('Softmax');
  const q = createGraphBuilder({ name: 'quantised' });
  const scale = q.constant({ dtype: 'float32', shape: [], data: Float32Array.of(0.1) });
  const zero = q.constant({ dtype: 'uint8', shape: [], data: Uint8Array.of(128) });
  q.output(q.op('QuantizeLinear', [q.input('x', 'float32', [1, 8]), scale, zero]));
  await expect(device.measure(encodeModel(q.build()), {})).rejects.toThrow('cannot predict int8 models');
});
