import { expect, test } from 'vitest';
import { SMALL_PRESETS } from '../../test/fixtures/small-presets.ts';
import { float32, int, int64, str } from '../onnx/graph-builder.ts';
import type { OnnxModel, OnnxNode } from '../onnx/model.ts';
import { modelLayers } from '../onnx/model-layers.ts';
import { createRandom } from '../random.ts';
import { sampleNetwork } from '../space/sample-network.ts';
import { networkMacs } from './cost.ts';
import { initialWeights } from './initialise.ts';
import { liveNetwork } from './live-network.ts';
import { networkToOnnx } from './to-onnx.ts';

test.each(Object.values(SMALL_PRESETS))('MACs of $name as ONNX are those of the living network', (space) => {
  const random = createRandom('layers');
  for (let i = 0; i < 5; i++) {
    const io = { inputShape: [3, 32, 32], outputs: 10 } as const;
    const { network } = sampleNetwork(space, random, io, 'decisions');
    const weights = initialWeights(network, random);
    for (const batch of ['batch', 3] as const) {
      const layers = modelLayers(networkToOnnx(network, weights, { mode: 'inference', batch }));
      expect(layers.every((layer) => layer.shape !== null)).toBe(true);
      expect(layers.reduce((sum, layer) => sum + layer.macs!, 0)).toBe(networkMacs(liveNetwork(network)));
    }
  }
});

test('layers of unknown operators, and what follows them, have no shape', () => {
  const node = (name: string, op: string, inputs: string[]) => ({
    name,
    op,
    domain: op === 'Mystery' ? 'elsewhere' : '',
    inputs,
    outputs: [`${name}.out`],
    attributes: {},
  });
  const model: OnnxModel = {
    irVersion: 10,
    opsets: { '': 21, elsewhere: 1 },
    metadata: {},
    producer: 'test',
    graph: {
      name: 'g',
      inputs: [{ name: 'x', dtype: 'float32', shape: ['n', 4] }],
      outputs: [{ name: 'c.out', dtype: 'float32', shape: ['n', 8] }],
      initializers: new Map([['w', float32(new Float32Array(32), [4, 8])]]),
      nodes: [node('a', 'MatMul', ['x', 'w']), node('b', 'Mystery', ['a.out']), node('c', 'Relu', ['b.out'])],
    },
  };
  expect(modelLayers(model)).toEqual([
    { name: 'a', op: 'MatMul', shape: ['n', 8], params: 32, macs: 32 },
    { name: 'b', op: 'Mystery', shape: null, params: 0, macs: null },
    // It multiplies nothing, whatever its shape is.
    { name: 'c', op: 'Relu', shape: null, params: 0, macs: 0 },
  ]);
});

test('shapes that a model computes from its batch are those of one image', () => {
  // As exporters write x.reshape(x.shape[0], 2, 3), which no shape rule sees through.
  const node = (
    op: string,
    inputs: string[],
    output: string,
    attributes: OnnxNode['attributes'] = {},
  ): OnnxNode => ({
    name: output,
    op,
    domain: '',
    inputs,
    outputs: [output],
    attributes,
  });
  const graph: OnnxModel['graph'] = {
    name: 'g',
    inputs: [{ name: 'x', dtype: 'float32', shape: ['n', 6] }],
    initializers: new Map([
      ['zero', int64([0])],
      ['rest', int64([2, 3])],
      ['w', float32(new Float32Array(12), [3, 4])],
    ]),
    nodes: [
      node('Shape', ['x'], 'shape'),
      node('Gather', ['shape', 'zero'], 'batch'),
      node('Concat', ['batch', 'rest'], 'sizes', { axis: int(0) }),
      node('Reshape', ['x', 'sizes'], 'rows'),
      node('MatMul', ['rows', 'w'], 'product'),
      node('Einsum', ['product', 'product'], 'y', { equation: str('bic,bjc->bij') }),
    ],
    outputs: [{ name: 'y', dtype: 'float32', shape: ['n', 2, 2] }],
  };
  const layers = new Map(
    modelLayers({ irVersion: 10, opsets: { '': 17 }, metadata: {}, producer: 'test', graph }).map((layer) => [
      layer.name,
      layer,
    ]),
  );
  expect(layers.get('rows')).toMatchObject({ shape: [1, 2, 3], macs: 0 });
  expect(layers.get('product')).toMatchObject({ shape: [1, 2, 4], macs: 2 * 3 * 4 });
  expect(layers.get('y')).toMatchObject({ shape: [1, 2, 2], macs: 2 * 2 * 4 });
});
