/** What a training step refuses to be fed with, before it has changed anything. */
import { expect, test } from 'vitest';
import { LOSSES } from '../autodiff/losses/index.ts';
import type { Loss } from '../autodiff/losses/loss.ts';
import { sumOfLosses } from '../autodiff/losses/sum.ts';
import { startingVectors } from '../autodiff/model-weights.ts';
import { OPTIMISERS } from '../autodiff/optimisers/index.ts';
import { trainingGraph } from '../autodiff/training-graph.ts';
import { createGraphBuilder, float32 } from '../onnx/graph-builder.ts';
import type { Tensor } from '../onnx/model.ts';
import { createRandom } from '../random.ts';
import { createStepper, type StepInputs } from './step.ts';

const BATCH = 4;
const CLASSES = 3;

/** Two features to three classes. */
async function stepperOf(loss: Loss) {
  const g = createGraphBuilder({ name: 'linear' });
  g.input('x', 'float32', [BATCH, 2]);
  g.initializer('w', float32([0.1, 0.2, -0.1, 0.3, -0.2, 0.4], [2, CLASSES]));
  g.output(g.op('MatMul', ['x', 'w']), 'y');
  const model = g.build();
  const graph = trainingGraph(model, loss, OPTIMISERS.sgd());
  return createStepper(graph, startingVectors(graph, model), new Float32Array(graph.parameters.length), {});
}
const random = createRandom('no dropout');
const x: Tensor = { dtype: 'float32', shape: [BATCH, 2], data: new Float32Array(2 * BATCH).fill(1) };
const labels = (...values: number[]): Tensor => ({
  dtype: 'int64',
  shape: [BATCH],
  data: BigInt64Array.from(values, BigInt),
});
const inputs = (feeds: Record<string, Tensor>): StepInputs => ({ feeds, learningRate: 0.1 });
const byIndices = (ignoreIndex?: number): Loss =>
  LOSSES.crossEntropy({ labels: 'indices', ...(ignoreIndex !== undefined && { ignoreIndex }) });

test.each<readonly [string, Loss, Record<string, Tensor>, RegExp]>([
  [
    'a class too high',
    byIndices(),
    { x, labels: labels(0, 1, 3, 2) },
    /element 2 of "labels" is 3, and there are 3 classes, 0 to 2/,
  ],
  ['a negative class', byIndices(), { x, labels: labels(0, -100, 1, 2) }, /element 1 of "labels" is -100/],
  [
    'another one than is ignored',
    byIndices(255),
    { x, labels: labels(0, 255, 1, -1) },
    /element 3 of "labels" is -1/,
  ],
  [
    'one that is a class in its lower 32 bits',
    byIndices(),
    { x, labels: labels(2 ** 32, 0, 0, 0) },
    /is 4294967296/,
  ],
  [
    'a class too high in one of several losses',
    sumOfLosses({ classes: { loss: byIndices(), outputs: [0] } }),
    { x, 'classes.labels': labels(0, 1, 2, 7) },
    /element 3 of "classes.labels" is 7/,
  ],
  [
    'a class too high beside a teacher',
    LOSSES.distillation({ labelShare: 0.5, crossEntropy: { labels: 'indices' } }),
    {
      x,
      labels: labels(9, 0, 0, 0),
      teacherLogits: { dtype: 'float32', shape: [BATCH, CLASSES], data: new Float32Array(12) },
    },
    /element 0 of "labels" is 9/,
  ],
  ['labels that are missing', byIndices(), { x }, /its input "labels" \(int64 \[4\]\) is missing/],
  ['a misspelt input', byIndices(), { X: x, labels: labels(0, 1, 2, 0) }, /its input "x" .* is missing/],
  [
    'another batch',
    byIndices(),
    { x: { ...x, shape: [2, 2], data: new Float32Array(4) }, labels: labels(0, 1, 2, 0) },
    /"x" is float32 \[4, 2\], and was fed float32 \[2, 2\]/,
  ],
])('%s', async (_, loss, feeds, message) => {
  const stepper = await stepperOf(loss);
  const before = [...stepper.vectors().get('parameters')!.data];
  const refusal = { code: 'MODEL_INPUT', message: expect.stringMatching(message) };
  await expect(stepper.step(inputs(feeds), random)).rejects.toMatchObject(refusal);
  // Several steps in one run are refused by the same words.
  const several = new Array<StepInputs>(stepper.together).fill(inputs(feeds));
  await expect(stepper.run(several, () => random)).rejects.toMatchObject(refusal);
  expect([...stepper.vectors().get('parameters')!.data]).toEqual(before);
  expect(stepper.steps).toBe(0);
  await stepper.release();
});

test('classes, and what is ignored, are taken; what is fed beside is left alone', async () => {
  for (const ignored of [-100, 255, 1, 2 ** 40]) {
    const stepper = await stepperOf(byIndices(ignored));
    expect(stepper.together).toBeGreaterThan(1);
    const loss = await stepper.step(inputs({ x, labels: labels(0, ignored, 2, 0), more: x }), random);
    expect(loss).toBeGreaterThan(0);
    await stepper.release();
  }
});
