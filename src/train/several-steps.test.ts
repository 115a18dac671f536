/** Several steps in one run are, to the last bit, the steps one by one; so is where they end when one is not finite. */
import { expect, test } from 'vitest';
import { crossEntropy } from '../autodiff/losses/cross-entropy.ts';
import { adamw } from '../autodiff/optimisers/adamw.ts';
import { lion } from '../autodiff/optimisers/lion.ts';
import type { Optimiser } from '../autodiff/optimisers/optimiser.ts';
import { sgd } from '../autodiff/optimisers/sgd.ts';
import { pack } from '../autodiff/parameter-layout.ts';
import { type TrainingGraph, type TrainingGraphOptions, trainingGraph } from '../autodiff/training-graph.ts';
import { networkBuilder } from '../network/builder.ts';
import { initialWeights } from '../network/initialise.ts';
import { networkToOnnx } from '../network/to-onnx.ts';
import type { OnnxModel, Tensor } from '../onnx/model.ts';
import { createRandom } from '../random.ts';
import { loweringTarget } from '../runtime/lowering-target.ts';
import { inPieces } from './in-pieces.ts';
import { createStepper, type StepInputs, type Stepper } from './step.ts';
import { unrolled } from './unroll.ts';

const BATCH = 8;

async function graphOf(
  convolution: boolean,
  optimiser: Optimiser,
  options: TrainingGraphOptions,
): Promise<{ readonly graph: TrainingGraph; readonly weights: ReadonlyMap<string, Tensor> }> {
  const b = networkBuilder([1, 4, 4]);
  const x = convolution ? b.conv(b.input, { out: 4, kernel: 3 }) : b.input;
  // The first layer's weights are enough for sums in one pass (scaled-sums.ts).
  const wide = b.linear(b.flatten(x), { out: 256 });
  const hidden = b.activation(b.batchNorm(b.linear(wide, { out: 12 })), 'relu');
  const network = b.build([b.linear(b.dropout(hidden, 0.25), { out: 3 })]);
  const weights = initialWeights(network, createRandom('weights'));
  const graph = trainingGraph(
    networkToOnnx(network, weights, { mode: 'training', batch: BATCH }),
    crossEntropy({ labels: 'indices' }),
    optimiser,
    { trainable: (name) => weights.has(name), target: await loweringTarget(), ...options },
  );
  return { graph, weights };
}

async function stepperOf(
  convolution = false,
  optimiser = sgd({ momentum: 0.9, nesterov: true }),
  options: TrainingGraphOptions = { clipNorm: 1, movingAverage: true },
  decay = (_: number): number => 1e-3,
): Promise<Stepper> {
  const { graph, weights } = await graphOf(convolution, optimiser, options);
  const start = new Map([
    ['parameters', pack(graph.parameters, weights)],
    ['statistics', pack(graph.statistics, weights)],
  ]);
  const decays = Float32Array.from({ length: graph.parameters.length }, (_, i) => decay(i));
  return createStepper(graph, start, decays, {});
}

function inputs(place: number, spoilt = false): StepInputs {
  const random = createRandom(`batch ${place}`);
  const data = Float32Array.from({ length: BATCH * 16 }, () => random.normal());
  if (spoilt) data[5] = Number.NaN;
  return {
    feeds: {
      input: { dtype: 'float32', shape: [BATCH, 1, 4, 4], data },
      labels: {
        dtype: 'int64',
        shape: [BATCH],
        data: BigInt64Array.from({ length: BATCH }, () => BigInt(random.int(3))),
      },
    },
    learningRate: 0.1 / (1 + place),
    averageDecay: place / 20,
  };
}
const noise = (place: number) => createRandom('noise').split(place);
const bitsOf = (stepper: Stepper) =>
  [...stepper.vectors()].map(([name, { data }]) => [
    name,
    [...new Uint32Array(data.buffer, data.byteOffset, data.length)],
  ]);

test('ten steps together are ten steps', async () => {
  const [alone, together] = [await stepperOf(), await stepperOf()];
  expect(together.together).toBeGreaterThan(1);
  const all = Array.from({ length: 10 }, (_, place) => inputs(place));
  const losses: number[] = [];
  for (const [place, one] of all.entries()) losses.push(await alone.step(one, noise(place)));
  expect(await together.run(all, noise)).toEqual(losses);
  expect(new Set(losses).size).toBe(10);
  expect(bitsOf(together)).toEqual(bitsOf(alone));
  expect([together.steps, together.finite]).toEqual([10, true]);
  // Vectors go on from where several steps left them.
  const after = await alone.step(inputs(10), noise(10));
  expect(await together.step(inputs(10), noise(10))).toBe(after);
  expect(bitsOf(together)).toEqual(bitsOf(alone));
  await Promise.all([alone.release(), together.release()]);
});

test.each<[string, Optimiser, TrainingGraphOptions]>([
  ['gradient descent', sgd(), {}],
  ['AdamW', adamw(), { learningRateFactor: (name) => (name.includes('norm') ? 0.5 : 1) }],
  ['Lion', lion(), { movingAverage: true }],
])('so are those of tensors that are kept apart: %s', async (_, optimiser, options) => {
  const [alone, together] = [
    await stepperOf(false, optimiser, options),
    await stepperOf(false, optimiser, options),
  ];
  const all = Array.from({ length: 4 }, (__, place) => inputs(place));
  const losses: number[] = [];
  for (const [place, one] of all.entries()) losses.push(await alone.step(one, noise(place)));
  expect(await together.run(all, noise)).toEqual(losses);
  expect(bitsOf(together)).toEqual(bitsOf(alone));
  await Promise.all([alone.release(), together.release()]);
});

test('so are those with a decay of its own for every weight', async () => {
  const perWeight = (i: number): number => (i % 7) / 100;
  const [alone, together] = [
    await stepperOf(false, sgd({ momentum: 0.9 }), {}, perWeight),
    await stepperOf(false, sgd({ momentum: 0.9 }), {}, perWeight),
  ];
  const all = Array.from({ length: 4 }, (__, place) => inputs(place));
  for (const [place, one] of all.entries()) await alone.step(one, noise(place));
  await together.run(all, noise);
  expect(bitsOf(together)).toEqual(bitsOf(alone));
  await Promise.all([alone.release(), together.release()]);
});

test('between the steps of one run vectors are neither joined nor cut', async () => {
  const { graph } = await graphOf(false, sgd({ momentum: 0.9 }), {});
  const sizes = graph.parameters.entries.map(({ length }) => length);
  const whole = unrolled(graph.model, 4, new Set(['decay']));
  const count = ({ graph: { nodes } }: OnnxModel, op: string): number =>
    nodes.filter(
      (node) => node.op === op && [node.inputs, node.outputs].some((l) => l.length === sizes.length),
    ).length;
  expect([count(whole, 'Split'), count(whole, 'Concat')]).toEqual([4, 4]);
  // Only the last step says whether all is finite.
  const magnitudes = ({ graph: { nodes } }: OnnxModel): number =>
    nodes.filter(({ op }) => op === 'ReduceL1').length;
  expect(magnitudes(graph.model)).toBeGreaterThan(0);
  expect(magnitudes(whole)).toBe(magnitudes(graph.model));
  // In come parameters, velocity and decay; out go parameters and velocity.
  const apart = inPieces(whole, sizes);
  expect([count(apart, 'Split'), count(apart, 'Concat')]).toEqual([3, 2]);
  // A decay of one number for each tensor is not even read.
  const decay = new Float32Array(graph.parameters.length).fill(0.1);
  const known = inPieces(whole, sizes, new Map([['decay', decay]]));
  expect([count(known, 'Split'), count(known, 'Concat')]).toEqual([2, 2]);
  expect(known.graph.inputs.map(({ name }) => name)).not.toContain('decay');
});

test.each([4, 5, 6, 7])(
  'a run ends at step %i where that is not finite, with what it was fed',
  async (bad) => {
    const [alone, together] = [await stepperOf(), await stepperOf()];
    const all = Array.from({ length: 10 }, (_, place) => inputs(place, place === bad));
    const losses: number[] = [];
    for (const [place, one] of all.slice(0, bad + 1).entries())
      losses.push(await alone.step(one, noise(place)));
    expect(await together.run(all, noise)).toEqual(losses);
    expect(losses.at(-1)).toBeNaN();
    expect([together.steps, together.finite]).toEqual([bad + 1, false]);
    expect(together.lastFeeds()).toEqual(alone.lastFeeds());
    await Promise.all([alone.release(), together.release()]);
  },
);

test('networks with convolutions take one step at a time, also where several are given', async () => {
  const [alone, given] = [await stepperOf(true), await stepperOf(true)];
  expect(given.together).toBe(1);
  const all = [inputs(0), inputs(1), inputs(2)];
  const losses: number[] = [];
  for (const [place, one] of all.entries()) losses.push(await alone.step(one, noise(place)));
  expect(await given.run(all, noise)).toEqual(losses);
  expect(bitsOf(given)).toEqual(bitsOf(alone));
  await Promise.all([alone.release(), given.release()]);
});
