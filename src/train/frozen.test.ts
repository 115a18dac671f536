/** Frozen weights and running averages stay as they are, bit for bit, and cost no gradient. */
import { describe, expect, test } from 'vitest';
import { crossEntropy } from '../autodiff/losses/cross-entropy.ts';
import { OPTIMISERS } from '../autodiff/optimisers/index.ts';
import { type TrainingGraphOptions, trainingGraph } from '../autodiff/training-graph.ts';
import { initialWeights } from '../network/initialise.ts';
import { networkToOnnx } from '../network/to-onnx.ts';
import { createRandom } from '../random.ts';
import { STEP_NETWORKS } from './testing/step-networks.ts';
import { runHere, type TrainingRun } from './testing/training-run.ts';

const network = STEP_NETWORKS['ResNet-20']!();
const optimiser = OPTIMISERS.sgd({ momentum: 0.9 });
const initial = initialWeights(network, createRandom('training run').split('weights'));
const run = (options: TrainingRun['options']): TrainingRun => ({
  network,
  batch: 4,
  steps: 5,
  learningRate: 0.05,
  weightDecay: 0.01,
  optimiser,
  torch: { class: 'SGD', options: {} },
  ...(options && { options }),
});
const isHead = (name: string): boolean => name.startsWith('head.');
const isStatistic = (name: string): boolean => /\.(mean|variance)$/.test(name);

/** How many nodes of each operator the training graph has. */
function operators(options: TrainingGraphOptions): ReadonlyMap<string, number> {
  const model = networkToOnnx(network, initial, { mode: 'training', batch: 4 });
  const { nodes } = trainingGraph(model, crossEntropy(), optimiser, options).model.graph;
  const counts = new Map<string, number>();
  for (const { op } of nodes) counts.set(op, (counts.get(op) ?? 0) + 1);
  return counts;
}

describe('frozen weights', () => {
  test('stay as they are', async () => {
    const { weights } = await runHere(run({ trainable: isHead }));
    for (const [name, { data }] of weights) {
      const same = Buffer.from(data.buffer).equals(Buffer.from(initial.get(name)!.data.buffer));
      expect(same, name).toBe(!isHead(name) && !isStatistic(name));
    }
  });

  test('cost no gradient', () => {
    const convolutions = network.nodes.filter((n) => n.operator.kind === 'conv').length;
    const all = operators({});
    const headOnly = operators({ trainable: isHead });
    // The plain form computes both gradients of a convolution as convolutions.
    expect(all.get('Conv')).toBeGreaterThanOrEqual(2 * convolutions);
    expect(headOnly.get('Conv')).toBe(convolutions);
    // Without the first layer's weight its input needs no gradient: two convolutions fewer, not one.
    const withoutStem = operators({ trainable: (name) => name !== 'conv.weight' });
    const count = (counts: ReadonlyMap<string, number>): number =>
      [...counts.values()].reduce((a, b) => a + b, 0);
    expect(count(withoutStem)).toBeLessThan(count(all));
    expect(count(headOnly)).toBeLessThan(count(all) / 2);
  });

  test('of everything: there is nothing to train', () => {
    expect(() => operators({ trainable: () => false })).toThrow(/Nothing in the model "network" trains/);
  });
});

test('frozen running averages stay as they are; chosen ones only, where chosen', async () => {
  const all = await runHere(run({ freezeStatistics: true }));
  const some = await runHere(run({ freezeStatistics: (name) => name.startsWith('conv1.') }));
  const moved = (result: typeof all, name: string): boolean =>
    !Buffer.from(result.weights.get(name)!.data.buffer).equals(Buffer.from(initial.get(name)!.data.buffer));
  for (const name of initial.keys()) {
    if (!isStatistic(name)) continue;
    expect(moved(all, name), name).toBe(false);
    expect(moved(some, name), name).toBe(!name.startsWith('conv1.'));
  }
  expect(moved(all, 'conv1.norm.weight')).toBe(true);
});
