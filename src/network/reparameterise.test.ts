import { describe, expect, it } from 'vitest';
import {
  randomImages,
  relativeError,
  runInference,
  runModel,
  trainedWeights,
} from '../../test/fixtures/run-model.ts';
import { qaRepVgg } from './blocks/qa-rep-vgg.ts';
import { repVgg } from './blocks/rep-vgg.ts';
import { networkBuilder } from './builder.ts';
import { networkCost } from './cost.ts';
import { deploymentModel } from './deploy.ts';
import type { Network } from './network.ts';
import { reparameterise } from './reparameterise.ts';

async function expectEqual(network: Network): Promise<Network> {
  const weights = trainedWeights(network, 'branches');
  const merged = reparameterise(network, weights);
  const images = randomImages(2 * network.inputs[0]!.shape.reduce((a, b) => a * b, 1), 'images');
  const [before, after] = [
    await runInference(network, weights, images),
    await runInference(merged.network, merged.weights, images),
  ];
  expect(relativeError(after, before)).toBeLessThan(1e-5);
  const left = [...merged.weights.keys()].map((name) => name.slice(0, name.lastIndexOf('.')));
  const ids = new Set(merged.network.nodes.map((n) => n.id));
  expect(left.filter((id) => !ids.has(id))).toEqual([]);
  return merged.network;
}
const kinds = (network: Network): string[] => network.nodes.map((n) => n.operator.kind);

describe('reparameterise', () => {
  it('makes one convolution of each RepVGG block', async () => {
    const b = networkBuilder([3, 11, 14]);
    let x = b.input;
    for (const [i, [out, stride]] of (
      [
        [8, 2],
        [8, 1],
        [12, 1],
        [12, 1],
      ] as const
    ).entries())
      x = b.scope(`block${i}`, () => repVgg(b, x, { out, stride, activation: 'relu' }));
    const network = b.build([b.linear(b.flatten(x), { out: 4 })]);
    const merged = await expectEqual(network);
    const block = ['conv', 'activation'];
    expect(kinds(merged)).toEqual([...block, ...block, ...block, ...block, 'flatten', 'linear']);
    expect(merged.nodes[0]!.id).toBe('block0.conv');
    expect(networkCost(merged).macs).toBeLessThan(networkCost(network).macs);
  });

  it('makes one convolution of each QARepVGG block, its last norm folded too', async () => {
    const b = networkBuilder([3, 11, 14]);
    let x = b.input;
    for (const [i, [out, stride]] of (
      [
        [8, 2],
        [8, 1],
        [12, 1],
      ] as const
    ).entries())
      x = b.scope(`block${i}`, () => qaRepVgg(b, x, { out, stride, activation: 'relu' }));
    const network = b.build([b.linear(b.flatten(x), { out: 4 })]);
    const merged = await expectEqual(network);
    const block = ['conv', 'batchNorm', 'activation'];
    expect(kinds(merged)).toEqual([...block, ...block, ...block, 'flatten', 'linear']);
    const weights = trainedWeights(network, 'branches');
    const deployed = deploymentModel(network, weights, 'batch');
    const ops = deployed.graph.nodes.map((n) => n.op).filter((op) => op !== 'Identity');
    expect(ops).toEqual(['Conv', 'Relu', 'Conv', 'Relu', 'Conv', 'Relu', 'Flatten', 'Gemm']);
    const images = randomImages(2 * 3 * 11 * 14, 'images');
    const expected = await runInference(network, weights, images);
    expect(relativeError(await runModel(deployed, images), expected)).toBeLessThan(1e-5);
  });

  it('takes groups, bias, uneven kernels and a plain shortcut', async () => {
    const b = networkBuilder([6, 9, 9]);
    const branches = [
      b.batchNorm(b.conv(b.input, { out: 6, kernel: [5, 1], groups: 3, bias: true })),
      b.conv(b.input, { out: 6, kernel: [1, 3], groups: 3 }),
      b.batchNorm(b.input),
      b.input,
    ];
    const merged = await expectEqual(b.build([b.add(branches)]));
    expect(merged.nodes.map((n) => n.operator)).toMatchObject([
      { kind: 'conv', kernel: [5, 3], groups: 3, bias: true },
    ]);
    expect(merged.outputs).toEqual(['conv3']);
  });

  it('leaves what it cannot merge', async () => {
    const b = networkBuilder([4, 8, 8]);
    const conv = (x: string, options = {}) => b.batchNorm(b.conv(x, { out: 4, kernel: 3, ...options }));
    const shared = conv(b.input);
    const sums = [
      b.add([shared, conv(b.input)]), // the first has another reader
      b.add([conv(shared), conv(b.input)]), // two sources
      b.add([conv(b.input, { dilation: 2 }), conv(b.input)]),
      b.add([conv(b.input, { groups: 2 }), conv(b.input)]),
      b.add([b.activation(conv(b.input), 'relu'), conv(b.input)]),
      b.add([b.batchNorm(b.input), b.input]), // no convolution
    ];
    const network = b.build([b.concat([...sums, shared])]);
    expect(await expectEqual(network)).toEqual(network);
  });

  it('names a weight that is missing', () => {
    const b = networkBuilder([2, 4, 4]);
    const network = b.build([repVgg(b, b.input, { out: 2, stride: 1, activation: 'relu' })]);
    const weights = trainedWeights(network, 'missing');
    weights.delete('dense.norm.mean');
    expect(() => reparameterise(network, weights)).toThrow(/"dense.norm".*mean.*missing/);
  });
});
