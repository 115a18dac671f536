import { expect, test } from 'vitest';
import { decodeModel } from '../onnx/decode.ts';
import { encodeModel } from '../onnx/encode.ts';
import { floatScopes } from '../onnx/precision.ts';
import { inScope } from '../onnx/scope.ts';
import { networkHash } from '../space/canonical.ts';
import { mixedPrecision } from '../space/presets/integer.ts';
import { inspectKernels } from './kernels.ts';
import { calibrate, quantise } from './quantise.ts';
import { layerSensitivities } from './sensitivity.ts';
import { feedsFor, modelOf } from './testing/models.ts';

const IO = { inputShape: [3, 16, 16], outputs: 5 } as const;
const network = (first: 'int8' | 'float', second: 'int8' | 'float') =>
  mixedPrecision.build(
    {
      width: 16,
      depth: 1,
      stages: [
        { growth: 1, depth: 2, block: 'qaRepVgg', precision: first },
        { growth: 1, depth: 1, block: 'residual', precision: second },
      ],
    },
    IO,
  );

test.each([
  ['stage2', true],
  ['stage2.block0', true],
  ['stage2.block0.conv', true],
  ['stage20.block0.conv', false],
  ['head.linear', false],
])('%s lies in stage2 or in stage2.block0: %s', (name, expected) => {
  expect(inScope(name, new Set(['stage2', 'stage2.block0']))).toBe(expected);
});

test("PyTorch's names have scopes too", () => {
  expect(inScope('/layer1/layer1.0/conv1/Conv', new Set(['/layer1/layer1.0']))).toBe(true);
  expect(inScope('/layer1/layer1.0/conv1/Conv', new Set(['/layer']))).toBe(false);
});

test('the stages whose precision is float stay in float, merged branches too, and their neighbours do not', async () => {
  for (const [first, second, scopes] of [
    ['float', 'int8', ['stage1']],
    ['int8', 'float', ['stage2']],
    ['float', 'float', ['stage1', 'stage2']],
    ['int8', 'int8', []],
  ] as const) {
    // Through the file: nothing but the model tells the quantiser.
    const model = decodeModel(encodeModel(modelOf(network(first, second))));
    expect(floatScopes(model)).toEqual(scopes);
    const { model: quantised, layers } = await quantise(model, [feedsFor(model, 'a')]);
    const products = layers.filter(({ op }) => op === 'Conv' || op === 'Gemm');
    expect(products.length).toBe(1 + 1 + 2 + 3 + 1);
    for (const { name, integer } of products)
      expect([name, integer]).toEqual([name, !inScope(name, new Set(scopes))]);
    const kernels = await inspectKernels(encodeModel(quantised));
    expect(kernels.float.filter(({ op }) => op.endsWith('Conv')).length).toBe(
      (first === 'float' ? 2 : 0) + (second === 'float' ? 3 : 0),
    );
  }
});

test('such stages are not asked how sensitive they are', async () => {
  const model = modelOf(network('int8', 'float'));
  const feeds = [feedsFor(model, 'a')];
  const found = await layerSensitivities(await calibrate(model, feeds), feeds, {}, { threads: 1 });
  expect(found.map(({ name }) => name).filter((name) => name.startsWith('stage2.'))).toEqual([]);
  expect(found).toHaveLength(1 + 1 + 2 + 1);
});

test('networks that differ in precision are different candidates', () => {
  const hashes = [
    network('int8', 'int8'),
    network('float', 'int8'),
    network('int8', 'float'),
    network('float', 'float'),
  ];
  expect(new Set(hashes.map(networkHash)).size).toBe(4);
});

test('an entry that somebody else made is not taken for scopes', () => {
  expect(floatScopes({ metadata: { 'espalier.float': 'yes' } })).toEqual([]);
  expect(floatScopes({ metadata: { 'espalier.float': '{"a":1}' } })).toEqual([]);
  expect(floatScopes({ metadata: {} })).toEqual([]);
});
