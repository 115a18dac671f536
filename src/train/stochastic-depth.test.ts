/** Stochastic depth in training graphs: whole images of a branch are dropped, and kept ones scaled (Huang et al. 2016). */
import { expect, test } from 'vitest';
import { crossEntropy } from '../autodiff/losses/cross-entropy.ts';
import { sgd } from '../autodiff/optimisers/sgd.ts';
import { pack } from '../autodiff/parameter-layout.ts';
import { trainingGraph } from '../autodiff/training-graph.ts';
import { networkBuilder } from '../network/builder.ts';
import { networkToOnnx } from '../network/to-onnx.ts';
import type { Tensor } from '../onnx/model.ts';
import { createRandom } from '../random.ts';
import { loweringTarget } from '../runtime/lowering-target.ts';
import { createStepper } from './step.ts';

const RATE = 0.25;
const STEPS = 400;
const tensor = (shape: readonly number[], data: readonly number[]): Tensor => ({
  dtype: 'float32',
  shape,
  data: Float32Array.from(data),
});

/** Loss of logits [s·value, 0] with the first class right. */
const loss = (value: number, scale: number): number => Math.log1p(Math.exp(-scale * value));

test('each image is dropped by itself, as often as asked; what is left is scaled; gradients pass only where it is', async () => {
  const b = networkBuilder([2, 1, 1]);
  const network = b.build([b.linear(b.flatten(b.stochasticDepth(b.input, RATE)), { out: 2, bias: false })]);
  const name = `${network.nodes.at(-1)!.id}.weight`;
  const weights = new Map([[name, tensor([2, 2], [1, 0, 0, 0])]]);
  const model = networkToOnnx(network, weights, { mode: 'training', batch: 2 });
  const graph = trainingGraph(model, crossEntropy(), sgd({ momentum: 0, nesterov: false }), {
    target: await loweringTarget(),
  });
  const start = new Map([
    ['parameters', pack(graph.parameters, weights)],
    ['statistics', pack(graph.statistics, weights)],
  ]);
  const stepper = await createStepper(graph, start, new Float32Array(graph.parameters.length), {
    threads: 1,
  });
  const [first, second] = [1, 3];
  const feeds = {
    input: tensor([2, 2, 1, 1], [first, 0, second, 0]),
    labels: tensor([2, 2], [1, 0, 1, 0]),
  };
  const scale = 1 / (1 - RATE);
  const outcomes = [
    [0, 0],
    [scale, 0],
    [0, scale],
    [scale, scale],
  ].map(([a, c]) => (loss(first, a!) + loss(second, c!)) / 2);
  let draws = 0;
  const step = (learningRate: number): Promise<number> =>
    stepper.step({ feeds, learningRate, averageDecay: 0 }, createRandom('depth').split(draws++));
  const counts = outcomes.map(() => 0);
  try {
    for (let i = 0; i < STEPS; i++) {
      const found = await step(0);
      const which = outcomes.findIndex((expected) => Math.abs(expected - found) < 1e-5);
      expect(which, `a loss of ${found} is none of ${outcomes.join(', ')}`).toBeGreaterThanOrEqual(0);
      counts[which]! += 1;
    }
    const dropped = (which: readonly number[]): number =>
      which.reduce((sum, i) => sum + counts[i]!, 0) / STEPS;
    // Four standard deviations of a share of 0.25 over 400 draws are 0.09.
    expect(Math.abs(dropped([0, 2]) - RATE)).toBeLessThan(0.09);
    expect(Math.abs(dropped([0, 1]) - RATE)).toBeLessThan(0.09);
    expect(Math.abs(dropped([0]) - RATE ** 2)).toBeLessThan(0.05);

    // With both images dropped nothing is learnt: as often as that happens, the weights stay where they are.
    let still = 0;
    for (let i = 0; i < 100; i++) {
      const before = Float32Array.from(stepper.vectors().get('parameters')!.data as Float32Array);
      const found = await step(0.01);
      const same = before.every((value, at) => value === stepper.vectors().get('parameters')!.data[at]);
      expect(same).toBe(Math.abs(found - Math.log(2)) < 1e-6);
      if (same) still++;
    }
    expect(still).toBeGreaterThan(0);
    expect(still).toBeLessThan(20);
  } finally {
    await stepper.release();
  }
});
