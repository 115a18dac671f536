/** Recurrent layers have no integer kernels: they stay in float between layers that are quantised. */
import { expect, test } from 'vitest';
import { createGraphBuilder, float32, int, int64, ints } from '../onnx/graph-builder.ts';
import { modelCost, modelLayers } from '../onnx/model-layers.ts';
import { createRandom } from '../random.ts';
import { quantise } from './quantise.ts';
import { decibels, feedsFor, outputOf } from './testing/models.ts';

const HIDDEN = 6;

/** Rows of an image, convolved, read one after another. */
function rowReader() {
  const random = createRandom('row reader');
  const g = createGraphBuilder({ name: 'row reader', reserved: new Set(['logits']) });
  const weights = (name: string, ...shape: number[]): string => {
    const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
    random.fillNormal(data, 1 / Math.sqrt(data.length / shape[0]!));
    return g.initializer(name, float32(data, shape));
  };
  g.input('image', 'float32', ['batch', 3, 8, 8]);
  const maps = g.op('Relu', [
    g.op('Conv', ['image', weights('kernel', 4, 3, 3, 3)], { pads: ints([1, 1, 1, 1]) }, 'conv'),
  ]);
  const rows = g.op('Transpose', [maps], { perm: ints([2, 0, 1, 3]) });
  const sequence = g.op('Reshape', [rows, g.constant(int64([0, 0, 32]))]);
  const [w, r] = [weights('W', 1, 4 * HIDDEN, 32), weights('R', 1, 4 * HIDDEN, HIDDEN)];
  const [, last] = g.node('LSTM', [sequence, w, r, weights('B', 1, 8 * HIDDEN)], {
    name: 'lstm',
    outputs: ['', 'last'],
    attributes: { hidden_size: int(HIDDEN) },
  });
  const state = g.op('Squeeze', [last!, g.constant(int64([0]))]);
  g.node('Gemm', [state, weights('head', HIDDEN, 5)], { name: 'linear', outputs: ['logits'] });
  g.output('logits');
  return g.build();
}

test('a recurrent layer stays in float, and the rest is quantised', async () => {
  const model = rowReader();
  const { model: quantised, layers } = await quantise(model, [feedsFor(model, 'a'), feedsFor(model, 'b')]);
  expect(quantised.graph.nodes.filter(({ op }) => op === 'LSTM')).toEqual(
    model.graph.nodes.filter(({ op }) => op === 'LSTM').map((n) => ({ ...n, inputs: expect.anything() })),
  );
  expect(layers.find(({ name }) => name === 'conv')).toMatchObject({ integer: true });
  expect(layers.find(({ name }) => name === 'lstm')).toMatchObject({
    integer: false,
    reason: 'there is no integer kernel for LSTM',
  });
  const feeds = feedsFor(model, 'test');
  expect(decibels(await outputOf(model, feeds), await outputOf(quantised, feeds))).toBeGreaterThan(18);
});

test('its cost is that of all steps', () => {
  const model = rowReader();
  const lstm = modelLayers(model).find(({ op }) => op === 'LSTM')!;
  expect(lstm.shape).toEqual([1, 'batch', HIDDEN]);
  expect(lstm.macs).toBe(8 * 4 * HIDDEN * (32 + HIDDEN));
  expect(lstm.params).toBe(4 * HIDDEN * (32 + HIDDEN + 2));
  expect(modelCost(model).macs).toBe(8 * 8 * 4 * 27 + lstm.macs! + 5 * HIDDEN);
});
