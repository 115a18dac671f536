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
import { isRecorded, OPTIMISER_RUNS, readRecordedRuns } from './testing/optimiser-runs.ts';
import { runHere, runInTorch, weightDifference } from './testing/training-run.ts';

const names = Object.keys(OPTIMISER_RUNS);
const RECORDED = readRecordedRuns();

test("PyTorch's losses of all runs are recorded, and of no other (npx tsx scripts/record-torch.ts)", () => {
  expect(Object.keys(RECORDED)).toEqual(names);
});

describe('as in PyTorch, as recorded, and asked now where a Python can import torch', () => {
  const theirs = TORCH_PYTHON === null ? null : runInTorch(TORCH_PYTHON, Object.values(OPTIMISER_RUNS));

  test.each(names.map((name, i) => [name, i] as const))('%s', async (name, i) => {
    const run = OPTIMISER_RUNS[name]!;
    const ours = await runHere(run);
    const recorded = RECORDED[name]!;
    const own = ours.losses.filter((_, step) => isRecorded(step + 1));
    expect(own).toHaveLength(recorded.length);
    own.forEach((loss, step) => {
      expect(Math.abs(loss - recorded[step]!), `recorded loss ${step + 1}`).toBeLessThan(2e-5);
    });
    const reference = (await theirs)?.[i];
    if (!reference) return;
    if (run.steps > 10) expect(reference.losses.at(-1)).toBeLessThan(reference.losses[0]! - 0.1);
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
