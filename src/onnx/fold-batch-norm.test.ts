import { describe, expect, it } from 'vitest';
import { randomNetwork } from '../../test/fixtures/random-network.ts';
import { randomImages, relativeError, runModel, trainedWeights } from '../../test/fixtures/run-model.ts';
import { SMALL_PRESETS } from '../../test/fixtures/small-presets.ts';
import { type NetworkBuilder, networkBuilder } from '../network/builder.ts';
import type { Network } from '../network/network.ts';
import { networkToOnnx } from '../network/to-onnx.ts';
import { createRandom } from '../random.ts';
import { sampleNetwork } from '../space/sample-network.ts';
import { checkModel } from './check.ts';
import { foldBatchNorm } from './fold-batch-norm.ts';
import type { OnnxModel } from './model.ts';

const norms = (model: OnnxModel): number =>
  model.graph.nodes.filter((n) => n.op === 'BatchNormalization').length;
const toModel = (network: Network): OnnxModel =>
  networkToOnnx(network, trainedWeights(network, 'fold'), { mode: 'inference', batch: 'batch' });

/** @returns batch norms left */
async function expectEqual(model: OnnxModel): Promise<number> {
  const folded = foldBatchNorm(model);
  expect(checkModel(folded)).toEqual([]);
  const used = new Set(folded.graph.nodes.flatMap((n) => n.inputs));
  expect([...folded.graph.initializers.keys()].filter((name) => !used.has(name))).toEqual([]);
  const each = (model.graph.inputs[0]!.shape.slice(1) as number[]).reduce((a, b) => a * b, 1);
  const images = randomImages(2 * each, 'images');
  expect(relativeError(await runModel(folded, images), await runModel(model, images))).toBeLessThan(1e-4);
  return norms(folded);
}
const build = (body: (b: NetworkBuilder) => string[]): OnnxModel => {
  const b = networkBuilder([4, 6, 6]);
  return toModel(b.build(body(b)));
};

describe('foldBatchNorm', () => {
  it.each(Object.entries(SMALL_PRESETS))(
    'keeps the values of networks of the preset %s',
    async (name, space) => {
      const io = { inputShape: [3, 16, 16], outputs: 4 } as const;
      await expectEqual(toModel(sampleNetwork(space, createRandom(name), io).network));
    },
  );

  it.each([2, 5, 11, 17])('keeps the values of random network %i', async (seed) => {
    await expectEqual(toModel(randomNetwork(seed)));
  });

  it('folds into convolutions, grouped or biased, and linear layers', async () => {
    const model = build((b) => {
      const first = b.batchNorm(b.conv(b.input, { out: 8, kernel: 3, groups: 4, bias: true }));
      const second = b.batchNorm(b.conv(b.activation(first, 'relu'), { out: 5, kernel: 2, stride: 2 }));
      return [b.batchNorm(b.linear(b.flatten(second), { out: 3 }))];
    });
    expect(await expectEqual(model)).toBe(0);
  });

  it('folds one norm after another into the same layer', async () => {
    const model = build((b) => {
      const norms = b.batchNorm(b.batchNorm(b.conv(b.input, { out: 4, kernel: 3 })));
      return [b.linear(b.flatten(norms), { out: 3 })];
    });
    expect(norms(model)).toBe(2);
    expect(await expectEqual(model)).toBe(0);
  });

  it('leaves norms whose input is read elsewhere, is an output, or is not linear', async () => {
    const model = build((b) => {
      const conv = () => b.conv(b.input, { out: 4, kernel: 3 });
      const [read, output] = [conv(), conv()];
      return [
        b.add([b.batchNorm(read), b.activation(read, 'relu')]),
        output,
        b.batchNorm(output),
        b.batchNorm(b.input),
      ];
    });
    expect(await expectEqual(model)).toBe(3);
  });

  it('leaves training norms, and weights that a caller may replace', () => {
    const model = build((b) => [b.batchNorm(b.conv(b.input, { out: 4, kernel: 1 }))]);
    const { graph } = model;
    const training = graph.nodes.map((n) =>
      n.op === 'BatchNormalization'
        ? { ...n, attributes: { ...n.attributes, training_mode: { type: 'int', value: 1 } as const } }
        : n,
    );
    expect(norms(foldBatchNorm({ ...model, graph: { ...graph, nodes: training } }))).toBe(1);
    const inputs = [...graph.inputs, { name: 'conv.weight', dtype: 'float32', shape: [4, 4, 1, 1] } as const];
    expect(norms(foldBatchNorm({ ...model, graph: { ...graph, inputs } }))).toBe(1);
    expect(norms(foldBatchNorm(model))).toBe(0);
  });

  it('folds each reader of a shared weight by itself', async () => {
    const model = build((b) => [
      b.add([
        b.batchNorm(b.conv(b.input, { out: 4, kernel: 1, id: 'one' })),
        b.batchNorm(b.conv(b.input, { out: 4, kernel: 1, id: 'two' })),
      ]),
    ]);
    const nodes = model.graph.nodes.map((n) =>
      n.name === 'two' ? { ...n, inputs: [n.inputs[0]!, 'one.weight'] } : n,
    );
    expect(await expectEqual({ ...model, graph: { ...model.graph, nodes } })).toBe(0);
  });
});
