import { expect, test } from 'vitest';
import { SMALL_PRESETS } from '../../test/fixtures/small-presets.ts';
import type { OnnxModel } from '../onnx/model.ts';
import { createRandom } from '../random.ts';
import { sampleNetwork } from '../space/sample-network.ts';
import { qaRepVgg } from './blocks/qa-rep-vgg.ts';
import { repVgg } from './blocks/rep-vgg.ts';
import { networkBuilder } from './builder.ts';
import { networkCost } from './cost.ts';
import { deploymentModel } from './deploy.ts';
import { deployedCost, deployedNetwork } from './deployed-cost.ts';
import { initialWeights } from './initialise.ts';
import type { Network } from './network.ts';
import { reparameterise } from './reparameterise.ts';

/** Weights of the file; running averages are none. */
function weightsIn({ graph }: OnnxModel): number {
  const read = new Set(
    graph.nodes.flatMap(({ op, inputs }) =>
      op === 'BatchNormalization' ? inputs.slice(1, 3) : ['Conv', 'Gemm'].includes(op) ? inputs.slice(1) : [],
    ),
  );
  return [...read].reduce((sum, name) => sum + (graph.initializers.get(name)?.data.length ?? 0), 0);
}

function expectThatOfTheFile(network: Network): void {
  const weights = initialWeights(network, createRandom('weights'));
  const cost = deployedCost(network);
  expect(cost.params).toBe(weightsIn(deploymentModel(network, weights, 1)));
  expect(cost.macs).toBe(networkCost(reparameterise(network, weights).network).macs);
  expect(cost.memoryBytes).toBeLessThanOrEqual(networkCost(network).memoryBytes);
}

test.each(Object.values(SMALL_PRESETS))('the cost of $name is that of the file', (space) => {
  const random = createRandom('deployed');
  for (let i = 0; i < 8; i++)
    expectThatOfTheFile(
      sampleNetwork(space, random, { inputShape: [3, 32, 32], outputs: 10 }, 'decisions').network,
    );
});

test.each([
  ['RepVGG', repVgg],
  ['QARepVGG', qaRepVgg],
])('%s counts one convolution a block', (_, block) => {
  const b = networkBuilder([3, 8, 8]);
  const first = b.scope('first', () => block(b, b.input, { out: 4, stride: 2, activation: 'relu' }));
  const second = b.scope('second', () => block(b, first, { out: 4, stride: 1, activation: 'relu' }));
  const network = b.build([b.linear(b.flatten(second), { out: 2 })]);
  expectThatOfTheFile(network);
  expect(deployedCost(network)).toMatchObject({
    params: 4 * 3 * 9 + 4 + 4 * 4 * 9 + 4 + 2 * 64 + 2,
    macs: 16 * 4 * 3 * 9 + 16 * 4 * 4 * 9 + 2 * 64,
  });
  expect(networkCost(network).macs).toBeGreaterThan(deployedCost(network).macs);
  expect(deployedNetwork(network).nodes.map(({ operator }) => operator.kind)).toEqual([
    ...['conv', 'activation', 'conv', 'activation'],
    ...['flatten', 'linear'],
  ]);
});

test('norms one after another, also behind dropout, fold into the layer before them all', () => {
  const b = networkBuilder([2, 4, 4]);
  const conv = b.conv(b.input, { out: 2, kernel: 3 });
  const network = b.build([b.batchNorm(b.dropout(b.batchNorm(conv), 0.1))]);
  expect(deployedNetwork(network).nodes.map(({ id }) => id)).toEqual(['conv']);
  expectThatOfTheFile(network);
});

test('a norm with other readers stays; what only trains goes', () => {
  const b = networkBuilder([2, 4, 4]);
  const conv = b.conv(b.input, { out: 2, kernel: 3 });
  const dropped = b.stochasticDepth(b.dropout(b.batchNorm(conv), 0.1), 0.2);
  const network = b.build([b.add([dropped, conv])]);
  expect(deployedNetwork(network).nodes.map(({ id, inputs }) => [id, ...inputs])).toEqual([
    ['conv', 'input'],
    ['norm', 'conv'],
    ['add', 'norm', 'conv'],
  ]);
  expectThatOfTheFile(network);
});
