import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Winner } from '../report/data.ts';
import { openSqlite } from '../storage/sqlite.ts';
import type { Measures } from '../study/trial.ts';
import { SearchOptions } from './options.ts';
import { type PickRequest, pickModel } from './pick.ts';
import { put } from './record.ts';
import { runFolder } from './run-folder.ts';

const ROOT = mkdtempSync(join(tmpdir(), 'espalier-pick-'));
afterAll(() => rmSync(ROOT, { recursive: true }));
const out = join(ROOT, 'picked.onnx');

function member(trial: number, measures: Measures, int8: boolean): Winner {
  const file = `models/${trial}.onnx`;
  return {
    trial,
    genome: {},
    network: { inputs: [], nodes: [], outputs: [] },
    measures,
    curve: [],
    classes: ['a', 'b'],
    confusion: [],
    test: null,
    model: {
      file,
      input: 'input',
      output: 'logits',
      preprocessing: { channels: 1, height: 8, width: 8, mean: [0], std: [1] },
    },
    int8: int8
      ? {
          file: `models/${trial}.int8.onnx`,
          valInterval: null,
          testInterval: null,
          latency: { lowMs: 1, highMs: 1 },
          speedUp: null,
          floatLayers: [],
        }
      : null,
  };
}

const MEMBERS = [
  // The best in float; slow, and could not be quantised.
  member(
    0,
    { valAccuracy: 0.95, latencyMs: 9, sizeBytes: 4000, memoryBytes: 900, peakMemoryBytes: 9e6 },
    false,
  ),
  // Loses in 8 bits.
  member(
    1,
    {
      valAccuracy: 0.9,
      latencyMs: 4,
      sizeBytes: 2000,
      memoryBytes: 700,
      peakMemoryBytes: 5e6,
      'peakMemoryBytes@board': 4e6,
      int8ValAccuracy: 0.7,
      int8LatencyMs: 2,
      int8SizeBytes: 500,
      'int8LatencyMs@board': 3,
    },
    true,
  ),
  member(
    2,
    {
      valAccuracy: 0.8,
      latencyMs: 3,
      sizeBytes: 1000,
      memoryBytes: 800,
      peakMemoryBytes: 6e6,
      int8ValAccuracy: 0.79,
      int8LatencyMs: 2.5,
      int8SizeBytes: 300,
    },
    true,
  ),
];

async function writeRun(int8: boolean): Promise<string> {
  const run = join(ROOT, int8 ? 'int8' : 'float');
  mkdirSync(join(run, 'models'), { recursive: true });
  for (const { model, int8: quantised } of MEMBERS) {
    writeFileSync(join(run, model.file), model.file);
    if (quantised) writeFileSync(join(run, quantised.file), quantised.file);
  }
  const storage = await openSqlite(runFolder(run).database, { mode: 'write' });
  await put(storage, 'options', SearchOptions.parse({ data: 'drawn', out: run, int8 }));
  await put(storage, 'members', MEMBERS);
  await storage.close();
  return run;
}

let int8Run: string;
let floatRun: string;
beforeAll(async () => {
  int8Run = await writeRun(true);
  floatRun = await writeRun(false);
});

const pick = async (run: string, request: Partial<PickRequest> = {}): Promise<string> => {
  await pickModel({
    run,
    bounds: [],
    maxDropPoints: null,
    precision: null,
    trial: null,
    out,
    overwrite: true,
    ...request,
  });
  return readFileSync(out, 'utf8');
};
const latency = (max: number, measure = 'latencyMs') => ({ bounds: [{ measure, max }] });

test('a search in float: by the accuracy and the bounds in float', async () => {
  expect(await pick(floatRun)).toBe('models/0.onnx');
  expect(await pick(floatRun, latency(4))).toBe('models/1.onnx');
  expect(await pick(floatRun, { bounds: [{ measure: 'sizeBytes', max: 1500 }] })).toBe('models/2.onnx');
});

test('a search in 8 bits: by those in 8 bits, and it takes that file', async () => {
  expect(await pick(int8Run)).toBe('models/2.int8.onnx');
  expect(await pick(int8Run, latency(2.2))).toBe('models/1.int8.onnx');
  expect(await pick(int8Run, { bounds: [{ measure: 'sizeBytes', max: 400 }] })).toBe('models/2.int8.onnx');
  // Only one was measured there.
  expect(await pick(int8Run, latency(5, 'latencyMs@board'))).toBe('models/1.int8.onnx');
});

const memory = (max: number, measure = 'peakMemoryBytes') => ({ bounds: [{ measure, max }] });

test('by memory: of activations, and as it was measured here or on a device', async () => {
  expect(await pick(floatRun, memory(750, 'memoryBytes'))).toBe('models/1.onnx');
  expect(await pick(floatRun, memory(8e6))).toBe('models/1.onnx');
  expect(await pick(int8Run, memory(8e6))).toBe('models/2.int8.onnx');
  expect(await pick(int8Run, memory(5.5e6))).toBe('models/1.int8.onnx');
  expect(await pick(int8Run, memory(8e6, 'peakMemoryBytes@board'))).toBe('models/1.int8.onnx');
  // What was measured is the memory of the model that the search judged by.
  await expect(pick(int8Run, { precision: 'float', ...memory(8e6) })).rejects.toThrow(
    /peak memory ≤ 7.63 MB \(it was not measured\)/,
  );
});

test('by the accuracy lost in 8 bits', async () => {
  expect(await pick(int8Run, { maxDropPoints: 1 })).toBe('models/2.int8.onnx');
  await expect(pick(int8Run, { maxDropPoints: 0.5 })).rejects.toThrow(
    /a loss of 0.5 points in 8 bits \(the least there is: 1\)/,
  );
  await expect(pick(floatRun, { maxDropPoints: 1 })).rejects.toThrow(/--max-drop/);
});

test('the other precision, or the network of a trial, can be asked for', async () => {
  expect(await pick(int8Run, { precision: 'float', ...latency(3.5) })).toBe('models/2.onnx');
  expect(await pick(floatRun, { precision: 'int8' })).toBe('models/2.int8.onnx');
  expect(await pick(int8Run, { trial: 1 })).toBe('models/1.int8.onnx');
});

test('a file that is there is replaced only where that is said', async () => {
  await pick(floatRun);
  await expect(pick(int8Run, { overwrite: false })).rejects.toMatchObject({ code: 'FILE_EXISTS' });
  expect(readFileSync(out, 'utf8')).toBe('models/0.onnx');
});

describe('nothing to pick', () => {
  test.each([
    [
      { ...latency(1) },
      /none of its 2 trained networks keeps latency in 8 bits ≤ 1 ms \(the least there is: 2 ms\)/,
    ],
    [latency(1, 'latencyMs@phone'), /it was not measured/],
    [{ trial: 5 }, /trial 5 was not trained fully/],
    [{ trial: 0 }, /trial 0 was not trained fully/],
  ] as const)('%o', async (request, reason) => {
    await expect(pick(int8Run, request)).rejects.toThrow(reason);
  });
});
