/** Every optimiser over many steps, and what may be set beside it: against PyTorch, Lion against its formula. */
import { describe, expect, test } from 'vitest';
import { arithmetic } from '../autodiff/arithmetic.ts';
import { OPTIMISERS } from '../autodiff/optimisers/index.ts';
import { TORCH_PYTHON } from '../autodiff/testing/torch.ts';
import { encodeModel } from '../onnx/encode.ts';
import { createGraphBuilder, float32 } from '../onnx/graph-builder.ts';
import type { Tensor } from '../onnx/model.ts';
import { createRandom } from '../random.ts';
import { createSession } from '../runtime/session.ts';
import { STEP_NETWORKS } from './testing/step-networks.ts';
import { runHere, runInTorch, type TrainingRun, weightDifference } from './testing/training-run.ts';

const base = {
  network: STEP_NETWORKS.MLP!(),
  batch: 16,
  steps: 100,
  learningRate: 0.03,
  weightDecay: 0.01,
} as const;
const torch = (name: string, options: Readonly<Record<string, unknown>>) => ({
  torch: { class: name, options },
});
const layerwise = (name: string): number =>
  name.startsWith('linear.') ? 0.1 : name.endsWith('bias') ? 2 : 1;

const RUNS: Readonly<Record<string, TrainingRun>> = {
  'sgd without momentum': { ...base, optimiser: OPTIMISERS.sgd(), ...torch('SGD', {}) },
  'sgd with momentum': {
    ...base,
    optimiser: OPTIMISERS.sgd({ momentum: 0.9 }),
    ...torch('SGD', { momentum: 0.9 }),
  },
  'sgd with Nesterov momentum, clipped': {
    ...base,
    optimiser: OPTIMISERS.sgd({ momentum: 0.9, nesterov: true }),
    ...torch('SGD', { momentum: 0.9, nesterov: true }),
    options: { clipNorm: 0.3 },
  },
  adamw: {
    ...base,
    learningRate: 3e-3,
    optimiser: OPTIMISERS.adamw({ beta1: 0.8, beta2: 0.99, epsilon: 1e-6 }),
    ...torch('AdamW', { betas: [0.8, 0.99], eps: 1e-6 }),
  },
  rmsprop: {
    ...base,
    learningRate: 1e-3,
    optimiser: OPTIMISERS.rmsprop({ epsilon: 1e-3 }),
    ...torch('RMSprop', { eps: 1e-3 }),
  },
  'rmsprop centred, with momentum': {
    ...base,
    learningRate: 1e-3,
    optimiser: OPTIMISERS.rmsprop({ smoothing: 0.9, epsilon: 1e-3, momentum: 0.9, centred: true }),
    ...torch('RMSprop', { alpha: 0.9, eps: 1e-3, momentum: 0.9, centered: true }),
  },
  'sgd with layer-wise learning rates': {
    ...base,
    optimiser: OPTIMISERS.sgd({ momentum: 0.9 }),
    ...torch('SGD', { momentum: 0.9 }),
    options: { learningRateFactor: layerwise },
  },
  'adamw with layer-wise learning rates and frozen layers': {
    ...base,
    learningRate: 3e-3,
    optimiser: OPTIMISERS.adamw(),
    ...torch('AdamW', {}),
    options: { learningRateFactor: layerwise, trainable: (name) => !name.startsWith('linear2.') },
  },
  'sgd with frozen running averages': {
    ...base,
    network: STEP_NETWORKS.RepVGG!(),
    steps: 20,
    learningRate: 0.01,
    optimiser: OPTIMISERS.sgd({ momentum: 0.9 }),
    ...torch('SGD', { momentum: 0.9 }),
    options: { freezeStatistics: true },
  },
};

describe.skipIf(TORCH_PYTHON === null)('as in PyTorch (needs a Python that can import torch)', () => {
  const names = Object.keys(RUNS);
  const theirs = TORCH_PYTHON === null ? null : runInTorch(TORCH_PYTHON, Object.values(RUNS));

  test.each(names.map((name, i) => [name, i] as const))('%s', async (name, i) => {
    const ours = await runHere(RUNS[name]!);
    const reference = (await theirs!)[i]!;
    expect(reference.losses.at(-1)).toBeLessThan(reference.losses[0]! - 0.1);
    ours.losses.forEach((loss, step) => {
      expect(Math.abs(loss - reference.losses[step]!), `step ${step + 1}`).toBeLessThan(2e-5);
    });
    expect(weightDifference(ours.weights, reference.weights).worst).toBeLessThan(2e-4);
  });

  test('every optimiser but Lion has a run', () => {
    const covered = new Set(names.map((name) => name.split(' ')[0]));
    expect(Object.keys(OPTIMISERS).filter((name) => !covered.has(name))).toEqual(['lion']);
  });
});

test('Lion follows the formula of its paper', async () => {
  const SIZE = 40;
  const [beta1, beta2, decay, learningRate] = [0.9, 0.98, 0.1, 0.01];
  const g = createGraphBuilder({ name: 'lion' });
  for (const name of ['parameters', 'gradient', 'momentum']) g.input(name, 'float32', [SIZE]);
  const updated = OPTIMISERS.lion({ beta1, beta2 }).update({
    m: arithmetic(g),
    parameters: 'parameters',
    gradient: 'gradient',
    decay: g.constant(float32(decay)),
    learningRate: g.constant(float32(learningRate)),
    step: '',
    state: ['momentum'],
  });
  const outputs = [updated.parameters, updated.state[0]!];
  for (const value of outputs) g.output(value);
  const session = await createSession(encodeModel(g.build()));
  const random = createRandom('lion');
  const tensor = (data: Float32Array): Tensor => ({ dtype: 'float32', shape: [SIZE], data });
  let parameters = Float32Array.from({ length: SIZE }, random.normal);
  let momentum = new Float32Array(SIZE);
  const w = Array.from(parameters);
  const m = new Array<number>(SIZE).fill(0);
  for (let step = 0; step < 100; step++) {
    const gradient = Float32Array.from({ length: SIZE }, random.normal);
    const result = await session.run({
      parameters: tensor(parameters),
      gradient: tensor(gradient),
      momentum: tensor(momentum),
    });
    [parameters, momentum] = outputs.map((name) => result[name]!.data as Float32Array) as [
      Float32Array<ArrayBuffer>,
      Float32Array<ArrayBuffer>,
    ];
    for (let i = 0; i < SIZE; i++) {
      const direction = Math.sign(beta1 * m[i]! + (1 - beta1) * gradient[i]!);
      w[i] = w[i]! - learningRate * (direction + decay * w[i]!);
      m[i] = beta2 * m[i]! + (1 - beta2) * gradient[i]!;
    }
  }
  await session.release();
  parameters.forEach((value, i) => {
    expect(value).toBeCloseTo(w[i]!, 5);
    expect(momentum[i]).toBeCloseTo(m[i]!, 5);
  });
});
