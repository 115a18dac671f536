/** A step that fails is found within the step, with the name of what failed. */
import { describe, expect, test } from 'vitest';
import { crossEntropy } from '../autodiff/losses/cross-entropy.ts';
import { startingVectors } from '../autodiff/model-weights.ts';
import { sgd } from '../autodiff/optimisers/sgd.ts';
import { pack } from '../autodiff/parameter-layout.ts';
import { trainingGraph } from '../autodiff/training-graph.ts';
import { NO_AUGMENTATION } from '../data/augment.ts';
import { drawnDataset } from '../data/drawn.ts';
import { networkBuilder } from '../network/builder.ts';
import { initialWeights } from '../network/initialise.ts';
import type { Network } from '../network/network.ts';
import { networkToOnnx } from '../network/to-onnx.ts';
import { createGraphBuilder, type GraphBuilder, int, int64, ints } from '../onnx/graph-builder.ts';
import type { Tensor } from '../onnx/model.ts';
import { createRandom } from '../random.ts';
import { loweringTarget } from '../runtime/lowering-target.ts';
import { diagnose, type TrainingRecipe } from './diagnose.ts';
import type { TrainingPlan } from './plan.ts';
import { createStepper } from './step.ts';
import { trainNetwork } from './train.ts';

const BATCH = 4;
const SHAPE = [3, 8, 8] as const;

function network(classes = 3, shape: readonly number[] = SHAPE): Network {
  const b = networkBuilder(shape);
  let x = b.batchNorm(b.conv(b.input, { out: 16, kernel: 3, id: 'first' }), { id: 'norm' });
  x = b.activation(x, 'relu', { id: 'relu' });
  x = b.conv(x, { out: 16, kernel: 3, id: 'second' });
  x = b.conv(x, { out: 16, kernel: 1, id: 'third' });
  return b.build([b.linear(b.flatten(b.globalAveragePool(x)), { out: classes, id: 'head' })]);
}

interface Failure {
  readonly spoilWeights?: (weights: Map<string, Tensor>) => void;
  readonly spoilImages?: (images: Float32Array) => void;
  readonly learningRate?: number;
}

/** One step on spoilt weights or images, and what is found about it. */
async function failedStep({ spoilWeights, spoilImages, learningRate = 0.1 }: Failure) {
  const random = createRandom('diagnosis');
  const weights = new Map(initialWeights(network(), random));
  spoilWeights?.(weights);
  const recipe: TrainingRecipe = {
    model: networkToOnnx(network(), weights, { mode: 'training', batch: BATCH }),
    loss: crossEntropy(),
    optimiser: sgd({ momentum: 0.9 }),
    options: { target: await loweringTarget() },
  };
  const graph = trainingGraph(recipe.model, recipe.loss, recipe.optimiser, recipe.options);
  const start = new Map([
    ['parameters', pack(graph.parameters, weights)],
    ['statistics', pack(graph.statistics, weights)],
  ]);
  const decay = new Float32Array(graph.parameters.length);
  const stepper = await createStepper(graph, start, decay, { threads: 1 });
  const images = Float32Array.from({ length: BATCH * 192 }, () => random.normal());
  spoilImages?.(images);
  const labels = Float32Array.from({ length: BATCH * 3 }, (_, i) => (i % 3 === 0 ? 1 : 0));
  const feeds = {
    input: { dtype: 'float32', shape: [BATCH, ...SHAPE], data: images },
    labels: { dtype: 'float32', shape: [BATCH, 3], data: labels },
  } as const;
  try {
    const loss = await stepper.step({ feeds, learningRate, averageDecay: 0 }, random);
    const { finite } = stepper;
    return { loss, finite, found: await diagnose(recipe, stepper.lastFeeds(), 1) };
  } finally {
    await stepper.release();
  }
}

/** Multiplies a weight. */
const scaled = (name: string, factor: number) => (weights: Map<string, Tensor>) => {
  const tensor = weights.get(name)!;
  weights.set(name, { ...tensor, data: (tensor.data as Float32Array).map((v) => v * factor) });
};

describe('a failed step', () => {
  test('a sound step is finite', async () => {
    const { loss, finite, found } = await failedStep({});
    expect(Number.isFinite(loss)).toBe(true);
    expect(finite).toBe(true);
    expect(found).toMatchObject({ cause: 'computation', name: null });
  });

  test('an overflow is traced to its layer', async () => {
    const { finite, found } = await failedStep({
      spoilWeights: (weights) => {
        scaled('second.weight', 1e20)(weights);
        scaled('third.weight', 1e20)(weights);
      },
    });
    expect(finite).toBe(false);
    expect(found).toMatchObject({ cause: 'computation', name: 'third' });
    expect(found.text).toMatch(/^first in layer "third" \(Conv\): \d+ of 4096 values (are|is) /);
  });

  test('an overflow of a gradient is traced to its layer', async () => {
    // Forward the two factors cancel; backward the gradient of the second layer's weight takes only the large one.
    const { loss, finite, found } = await failedStep({
      spoilWeights: (weights) => {
        scaled('second.weight', 1e-38)(weights);
        scaled('third.weight', 1e38)(weights);
        scaled('head.weight', 1e4)(weights);
      },
    });
    expect(Number.isFinite(loss)).toBe(true);
    expect(finite).toBe(false);
    expect(found.text).toMatch(/^first in the gradient of layer "(third|second)" \(Conv\): /);
  });

  test('NaN among the weights', async () => {
    const { finite, found } = await failedStep({
      spoilWeights: (weights) => {
        const data = Float32Array.from(weights.get('third.weight')!.data as Float32Array);
        data[7] = Number.NaN;
        weights.set('third.weight', { ...weights.get('third.weight')!, data });
      },
    });
    expect(finite).toBe(false);
    expect(found).toEqual({
      cause: 'weights',
      name: 'third.weight',
      text: 'already before it in the weight "third.weight": 1 of 256 values is NaN',
    });
  });

  test('NaN in the data', async () => {
    const { finite, found } = await failedStep({
      spoilImages: (images) => {
        images.fill(Number.NaN, 10, 13);
        images[100] = Number.POSITIVE_INFINITY;
      },
    });
    expect(finite).toBe(false);
    expect(found).toEqual({
      cause: 'input',
      name: 'input',
      text: 'from the input "input": 3 of 768 values are NaN, 1 is infinite',
    });
  });

  test('an update that overflows, though the loss is finite', async () => {
    const { loss, finite, found } = await failedStep({ learningRate: Number.MAX_VALUE });
    expect(Number.isFinite(loss)).toBe(true);
    expect(finite).toBe(false);
    // The learning rate itself does not fit into 32 bits.
    expect(found).toMatchObject({ cause: 'input', name: 'learningRate' });
    const large = await failedStep({ learningRate: 3e38, spoilWeights: scaled('head.weight', 100) });
    expect(large.finite).toBe(false);
    expect(large.found.text).toMatch(/^first in the update of the weight ".+": /);
  });
});

/** Maxima take no notice of NaN among other numbers: forward it is gone, backward it is not. */
describe('NaN that a maximum swallows', () => {
  const POOLS: Readonly<Record<string, (g: GraphBuilder, x: string) => string>> = {
    MaxPool: (g, x) =>
      g.op('Flatten', [g.op('MaxPool', [x], { kernel_shape: ints([2, 2]), strides: ints([2, 2]) })]),
    ReduceMax: (g, x) => g.op('ReduceMax', [x, g.constant(int64([2, 3]))], { keepdims: int(0) }),
    GlobalMaxPool: (g, x) => g.op('Flatten', [g.op('GlobalMaxPool', [x])]),
    Relu: (g, x) => g.op('Flatten', [g.op('Relu', [x])]),
  };
  test.each(Object.keys(POOLS))('%s', async (pool) => {
    const random = createRandom('maxima');
    const drawn = (...shape: number[]): Tensor => ({
      dtype: 'float32',
      shape,
      data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.normal()),
    });
    const g = createGraphBuilder({ name: pool });
    g.input('x', 'float32', [BATCH, 4, 4, 4]);
    g.initializer('kernel', drawn(16, 4, 1, 1));
    const features = g.op('Conv', ['x', 'kernel'], { kernel_shape: ints([1, 1]) }, 'first');
    // Negative for some, which have no root.
    const roots = g.op('Sqrt', [features], {}, 'root');
    const flat = POOLS[pool]!(g, roots);
    g.initializer('head', drawn(Number(g.shape(flat)[1]), 3));
    g.output(g.op('MatMul', [flat, 'head'], {}, 'last'));
    const recipe: TrainingRecipe = {
      model: g.build(),
      loss: crossEntropy(),
      optimiser: sgd({ momentum: 0.9 }),
      options: { target: await loweringTarget() },
    };
    const graph = trainingGraph(recipe.model, recipe.loss, recipe.optimiser, recipe.options);
    const decay = new Float32Array(graph.parameters.length);
    const stepper = await createStepper(graph, startingVectors(graph, recipe.model), decay, {});
    const feeds = { x: drawn(BATCH, 4, 4, 4), labels: drawn(BATCH, 3) };
    await stepper.step({ feeds, learningRate: 0.1, averageDecay: 0 }, random);
    expect(stepper.finite).toBe(false);
    const found = await diagnose(recipe, stepper.lastFeeds(), 1);
    expect(found).toMatchObject({ cause: 'computation', name: 'root' });
    await stepper.release();
  });
});

test('training that diverges names the layer', async () => {
  const { dataset } = drawnDataset({ seed: 'diverge', train: 64, val: 20, test: 20 });
  const plan: TrainingPlan = {
    epochs: 2,
    batchSize: 16,
    dataShare: 1,
    optimiser: { kind: 'sgd', momentum: 0.9, nesterov: true, weightDecay: 0 },
    learningRate: 1e15,
    schedule: 'constant',
    warmup: 0,
    labelSmoothing: 0,
    classWeights: null,
    clipNorm: 0,
    ema: 0.99,
    augmentation: NO_AUGMENTATION,
  };
  const shape = [dataset.channels, dataset.height, dataset.width];
  await expect(
    trainNetwork({
      network: network(dataset.classes.length, shape),
      dataset,
      plan,
      seed: 'diverge',
      threads: 1,
    }),
  ).rejects.toMatchObject({
    code: 'DIVERGED',
    message: expect.stringMatching(/ at step \d+ \(epoch \d\), (first in|already before it in|from) .*"/),
    hint: expect.stringContaining('learning rate'),
  });
});
