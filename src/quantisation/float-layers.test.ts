import { expect, test } from 'vitest';
import { classifierHead } from '../network/blocks/classifier-head.ts';
import { convBnAct } from '../network/blocks/conv-bn-act.ts';
import { residualBlock } from '../network/blocks/residual-block.ts';
import { encodeModel } from '../onnx/encode.ts';
import { floatLayers, unmergedLayers } from './float-layers.ts';
import { inspectKernels } from './kernels.ts';
import { quantise } from './quantise.ts';
import { feedsFor, smallModel } from './testing/models.ts';

const model = smallModel((b) => {
  const x = convBnAct(b, b.input, { out: 8, kernel: 3, activation: 'relu' });
  return classifierHead(b, residualBlock(b, x, { out: 8, kernel: 3, stride: 1, activation: 'relu' }), 4);
});
const batches = [feedsFor(model, 'a')];

test('what is chosen to stay in float is named with the reason; the rest runs in integers', async () => {
  const keepFloat = new Set(['head.linear']);
  const { model: quantised, layers } = await quantise(model, batches, { keepFloat });
  const kernels = await inspectKernels(encodeModel(quantised));
  const unmerged = unmergedLayers(layers, kernels);
  expect(unmerged).toEqual([]);
  expect([...kernels.integerLayers].sort()).toEqual(
    layers
      .filter(({ op, integer }) => op === 'Conv' && integer)
      .map(({ name }) => name)
      .sort(),
  );
  const [linear] = floatLayers(layers, unmerged).filter(({ op }) => op === 'Gemm');
  expect(linear).toEqual({ name: 'head.linear', op: 'Gemm', reason: 'it was chosen to stay in float' });
});

// With int8 activations ONNX Runtime leaves a convolution with a ReLU in float, between conversions.
test('planned layers that ONNX Runtime does not merge are named', async () => {
  const { model: quantised, layers } = await quantise(model, batches, { target: 'tensorrt' });
  const unmerged = unmergedLayers(layers, await inspectKernels(encodeModel(quantised)));
  const planned = layers.filter(({ op, integer }) => (op === 'Conv' || op === 'Gemm') && integer);
  expect(unmerged.length).toBeGreaterThan(0);
  const told = floatLayers(layers, unmerged).filter(({ reason }) => reason.includes('does not merge'));
  expect(told.map(({ name }) => name)).toEqual(unmerged);
  for (const { name, op } of told) expect(planned).toContainEqual(expect.objectContaining({ name, op }));
});

test('kernels of other names are not taken for layers in float', () => {
  const layers = ['a', 'b'].map((name) => ({ name, op: 'Conv', integer: true, reason: null }));
  const report = { integer: { QLinearConv: 2 }, float: [], conversions: 0 };
  expect(unmergedLayers(layers, { ...report, integerLayers: ['x', 'y'] })).toEqual([]);
  expect(unmergedLayers(layers, { ...report, integerLayers: ['a'] })).toEqual(['b']);
});
