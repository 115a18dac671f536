import { expect, test } from 'vitest';
import { createRandom } from '../random.ts';
import { type LayerWeights, quantiseLayer } from './weights.ts';

const random = createRandom('weights');
const tensor = (shape: readonly number[], scale = 1) => ({
  dtype: 'float32' as const,
  shape,
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => scale * random.normal()),
});

test.each([
  ['convolution', [4, 3, 2, 2], 0],
  ['matrix by rows', [4, 12], 0],
  ['matrix by columns', [12, 4], 1],
] as const)('each output channel of a %s has a scale of its own', (_, shape, axis) => {
  const weight = tensor(shape);
  const channels = shape[axis];
  const channelOf = (i: number): number =>
    axis === 0 ? Math.floor(i / (weight.data.length / channels)) : i % channels;
  weight.data.forEach((value, i) => {
    weight.data[i] = value * 10 ** channelOf(i);
  });
  for (const limit of [127, 63]) {
    const layer = quantiseLayer({ weight, axis, bias: tensor([channels]) }, 0.1, limit);
    const extremes = Array.from({ length: channels }, () => 0);
    weight.data.forEach((value, i) => {
      const c = channelOf(i);
      const scale = Number(layer.weightScales.data[c]);
      const integer = Number(layer.weight.data[i]);
      extremes[c] = Math.max(extremes[c]!, Math.abs(integer));
      expect(Math.abs(integer * scale - value)).toBeLessThanOrEqual(scale * 0.5001);
    });
    // Every channel uses all of its integers, however small its weights are.
    expect(extremes).toEqual(extremes.map(() => limit));
  }
});

test('the bias is in steps of input scale times weight scale', () => {
  const layer: LayerWeights = { weight: tensor([3, 5]), axis: 0, bias: tensor([3], 7) };
  const { bias, biasScales, weightScales } = quantiseLayer(layer, 0.02, 127);
  for (let c = 0; c < 3; c++) {
    expect(biasScales.data[c]).toBeCloseTo(Number(weightScales.data[c]) * 0.02, 9);
    const back = Number(bias!.data[c]) * Number(biasScales.data[c]);
    expect(Math.abs(back - Number(layer.bias!.data[c]))).toBeLessThan(Number(biasScales.data[c]));
  }
});

test('dead channels keep their bias', () => {
  const weight = { dtype: 'float32' as const, shape: [2, 2], data: Float32Array.of(0, 0, 1e-20, 0) };
  const bias = { dtype: 'float32' as const, shape: [2], data: Float32Array.of(5, -3) };
  const layer = quantiseLayer({ weight, axis: 0, bias }, 1e-3, 127);
  for (let c = 0; c < 2; c++)
    expect(Number(layer.bias!.data[c]) * Number(layer.biasScales.data[c])).toBeCloseTo(bias.data[c]!, 4);
});
