import { expect, test } from 'vitest';
import { type ModelMetadata, ownMetadata, readMetadata, writeMetadata } from './model-metadata.ts';

const metadata: ModelMetadata = {
  labels: ['cat', 'dog "big"', 'Öl'],
  preprocessing: {
    channels: 3,
    height: 32,
    width: 28,
    colour: 'rgb',
    mean: [0.1, 0.2, 0.3],
    std: [0.5, 0.5, 0.5],
    scale: 1 / 255,
    resize: 'area',
  },
  genome: { width: 16, stages: [{ kernel: 3 }, null] },
  space: 'residual',
  seed: 1,
  version: '0.1.0',
  data: 'abc',
  accuracy: { float: { val: 0.9, test: 0.89, testCount: 100, testInterval: [0.8, 0.95] } },
  latency: {
    float: { kind: 'measured', medianMs: 1, lowMs: 0.9, highMs: 1.1, threads: 1, machine: 'A processor' },
  },
};

test('metadata is read back as it was written', () => {
  const entries = writeMetadata(metadata);
  expect(Object.keys(entries)).toContain('espalier.labels');
  expect(JSON.parse(entries['espalier.labels']!)).toEqual(metadata.labels);
  expect(readMetadata({ metadata: entries }, 'model.onnx')).toEqual(metadata);
});

test('files of before, which tell of the float model only, are read', () => {
  const entries = writeMetadata(metadata);
  const { kind: _, ...latency } = metadata.latency.float!;
  const former = {
    ...entries,
    'espalier.accuracy': JSON.stringify(metadata.accuracy.float),
    'espalier.latency': JSON.stringify(latency),
  };
  expect(readMetadata({ metadata: former }, 'model.onnx')).toEqual(metadata);
  expect(readMetadata({ metadata: { ...former, 'espalier.latency': 'null' } }, 'm.onnx').latency).toEqual({
    float: null,
  });
});

test('a model of another program has none', () => {
  expect(ownMetadata({ metadata: {} }, 'm.onnx')).toBeNull();
  expect(ownMetadata({ metadata: writeMetadata(metadata) }, 'm.onnx')).toEqual(metadata);
});

test.each([
  ['a model of another program', {}, 'it lacks espalier.labels'],
  [
    'text that is no JSON',
    { ...writeMetadata(metadata), 'espalier.space': '{' },
    'espalier.space is not JSON',
  ],
  [
    'a value of another form',
    { ...writeMetadata(metadata), 'espalier.preprocessing': '{"channels":2}' },
    'espalier.preprocessing.channels',
  ],
])('%s is refused with the reason', (_, entries, reason) => {
  expect(() => readMetadata({ metadata: entries }, 'm.onnx')).toThrow(reason);
});
