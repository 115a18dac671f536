/** Files that versions before have made, with two batch norms in a row, are as true now as they were then. */
import { expect, test } from 'vitest';
import { networkBuilder } from '../../network/builder.ts';
import { networkCost } from '../../network/cost.ts';
import { deployedCost } from '../../network/deployed-cost.ts';
import { initialWeights } from '../../network/initialise.ts';
import { networkToOnnx } from '../../network/to-onnx.ts';
import { decodeModel } from '../../onnx/decode.ts';
import { encodeModel } from '../../onnx/encode.ts';
import { foldBatchNorm } from '../../onnx/fold-batch-norm.ts';
import type { OnnxModel, OnnxNode } from '../../onnx/model.ts';
import { createRandom } from '../../random.ts';
import { oneOf, struct } from '../../space/choice.ts';
import { defineSpace } from '../../space/define-space.ts';
import { exportedModel } from '../export-model.ts';
import type { VerifyContext } from './check.ts';
import { checkCost } from './cost.ts';
import { checkStructure } from './structure.ts';

const space = defineSpace({
  name: 'rows',
  description: 'Batch norms in a row.',
  choices: struct({ width: oneOf([4, 6]) }),
  build: ({ width }, io) => {
    const b = networkBuilder(io.inputShape);
    const conv = (x: string): string => b.batchNorm(b.conv(x, { out: width, kernel: 3 }));
    const x = b.activation(b.batchNorm(conv(b.input)), 'relu');
    return b.build([
      b.linear(b.flatten(b.globalAveragePool(b.activation(conv(x), 'relu'))), { out: io.outputs }),
    ]);
  },
});
const genome = { width: 4 } as const;
const network = space.build(genome, { inputShape: [3, 8, 8], outputs: 2 });
const weights = initialWeights(network, createRandom('rows'));

const isNorm = ({ op }: OnnxNode): boolean => op === 'BatchNormalization';

/** The export of a version that folded a norm into a layer, and left one that stood behind it. */
function before(): OnnxModel {
  const plain = networkToOnnx(network, weights, { mode: 'inference', batch: 'batch' });
  const produced = new Map(plain.graph.nodes.map((node) => [node.outputs[0]!, node]));
  const second = plain.graph.nodes.filter((node) => isNorm(node) && isNorm(produced.get(node.inputs[0]!)!));
  expect(second).toHaveLength(1);
  // Norms that train are left alone.
  const marked = plain.graph.nodes.map((node) =>
    second.includes(node)
      ? { ...node, attributes: { ...node.attributes, training_mode: { type: 'int', value: 1 } as const } }
      : node,
  );
  const folded = foldBatchNorm({ ...plain, graph: { ...plain.graph, nodes: marked } });
  const nodes = folded.graph.nodes.map((node) =>
    isNorm(node) ? second.find(({ name }) => name === node.name)! : node,
  );
  return decodeModel(encodeModel({ ...folded, graph: { ...folded.graph, nodes } }));
}

function contextOf(model: OnnxModel, cost = networkCost(network)): VerifyContext {
  const metadata = { genome, cost };
  const context = { model, precision: 'float', metadata, network, space, missing: '' } as const;
  return context as unknown as VerifyContext;
}

test('the structure agrees, with a word about the norms; a changed one does not', async () => {
  const model = before();
  expect(model.graph.nodes.filter(isNorm)).toHaveLength(1);
  expect(await checkStructure(contextOf(model))).toEqual({
    status: 'agrees',
    text: expect.stringContaining('once batch norms behind others are folded as well'),
  });
  const now = await checkStructure(
    contextOf(decodeModel(encodeModel(exportedModel(network, weights, null)))),
  );
  expect(now).toEqual({ status: 'agrees', text: expect.not.stringContaining('norms') });

  const { graph } = model;
  const leaky = graph.nodes.map((node) => (node.op === 'Relu' ? { ...node, op: 'Sigmoid' } : node));
  const without = graph.nodes.filter((node) => node.op !== 'Relu');
  for (const nodes of [leaky, without])
    expect(await checkStructure(contextOf({ ...model, graph: { ...graph, nodes } }))).toMatchObject({
      status: 'disagrees',
    });
});

test('the cost agrees as it was counted then, and as it is counted now', async () => {
  const model = before();
  const now = deployedCost(network);
  // Scale and shift of a channel.
  const then = { ...now, params: now.params + 2 * 4 };
  for (const cost of [now, then, networkCost(network)])
    expect(await checkCost(contextOf(model, cost))).toMatchObject({ status: 'agrees' });
  expect(await checkCost(contextOf(model, { ...then, params: then.params + 1 }))).toMatchObject({
    status: 'disagrees',
  });
});
