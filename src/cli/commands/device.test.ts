import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { encodeModel } from '../../onnx/encode.ts';
import { createGraphBuilder } from '../../onnx/graph-builder.ts';
import type { DataType } from '../../onnx/model.ts';
import { runCli } from '../program.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-device-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function writeModel(name: string, dtype: DataType): string {
  const g = createGraphBuilder({ name });
  g.output(g.op('Abs', [g.input('x', dtype, ['batch', 'width'])]));
  const path = join(folder, name);
  writeFileSync(path, encodeModel(g.build()));
  return path;
}

async function measure(...args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const result = { code: 0, out: '', err: '' };
  const collect = (to: 'out' | 'err') => ({
    write: (text: string) => {
      result[to] += text;
    },
  });
  const terminal = { stdout: collect('out'), stderr: collect('err') };
  result.code = await runCli(['device', 'measure', ...args], terminal);
  return result;
}

test('the table says everything, doubts among it', async () => {
  const { code, out, err } = await measure(
    writeModel('a.onnx', 'float32'),
    '--time',
    '0.1s',
    '--threads',
    '64',
  );
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toMatch(
    /input +x {2}1×1\ntaken as 1 +x: width\np50 +[\d.]+ ms\ninterval +[\d.]+ ms to [\d.]+ ms/,
  );
  expect(out).toMatch(/memory +\d.* resident at the peak/);
  expect(out).toMatch(/engine +onnxruntime-node \d+\.\d+\.\d+, provider cpu, 64 threads/);
  expect(out).toMatch(/verdict +not to be trusted:\n(?: {2}.*\n)* {2}64 threads on \d+ usable core/);
});

test('as JSON, with a shape', async () => {
  const path = writeModel('b.onnx', 'float32');
  const { code, out } = await measure(path, '--json', '--time', '100ms', '--shape', 'x=4x256');
  expect(code).toBe(2);
  expect(JSON.parse(out)).toMatchObject({ event: 'error', code: 'QUANTITY' });
  const good = await measure(path, '--json', '--time', '0.1s', '--shape', 'x=4x256');
  expect(JSON.parse(good.out)).toMatchObject({
    model: path,
    inputs: { x: [4, 256] },
    assumed: [],
    runtime: expect.stringMatching(/^onnxruntime-node \d/),
    threads: 1,
  });
});

test.each([
  ['no file', () => [join(folder, 'none.onnx')], 3, /no model file/],
  ['no model', () => [text()], 2, /cannot load the model/],
  ['integers', () => [writeModel('i.onnx', 'int32')], 2, /"x" is of the type int32/],
  ['a shape that is none', () => [writeModel('s.onnx', 'float32'), '--shape', 'x=axb'], 2, /--shape x=axb/],
  ['an axis of 0', () => [writeModel('z.onnx', 'float32'), '--shape', 'x=0x1'], 2, /--shape x=0x1/],
  [
    'another input',
    () => [writeModel('n.onnx', 'float32'), '--shape', 'y=1x1'],
    2,
    /no input "y".*\n.*: x\./,
  ],
  [
    'a calibration',
    () => [writeModel('c.onnx', 'float32'), '--device', 'board.json'],
    2,
    /board.json: a calibration cannot measure/,
  ],
  ['no threads', () => [writeModel('t.onnx', 'float32'), '--threads', '0'], 2, /--threads 0/],
] as const)('%s: said with a way out', async (_, args, code, message) => {
  const result = await measure(...args());
  expect(result.err).toMatch(message);
  expect(result.err).toContain('fix:');
  expect(result.code).toBe(code);
});

const text = (): string => {
  const path = join(folder, 'text.onnx');
  writeFileSync(path, 'not a model');
  return path;
};
