/** Whole training runs of a hundred steps: against PyTorch, and against themselves bit for bit. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { sgd } from '../autodiff/optimisers/sgd.ts';
import { TORCH_PYTHON } from '../autodiff/testing/torch.ts';
import { readCheckpoint, writeCheckpoint } from './checkpoint.ts';
import { STEP_NETWORKS } from './testing/step-networks.ts';
import { runHere, runInTorch, startRun, type TrainingRun, weightDifference } from './testing/training-run.ts';

const STEPS = 100;
const run = (network: string, threads: number, batch = 16): TrainingRun => ({
  network: STEP_NETWORKS[network]!(),
  batch,
  steps: STEPS,
  learningRate: 0.01,
  weightDecay: 5e-4,
  optimiser: sgd({ momentum: 0.9, nesterov: true }),
  torch: { class: 'SGD', options: { momentum: 0.9, nesterov: true } },
  threads,
});

/**
 * How far the losses of a step may lie apart. They agree to rounding until a value first falls on the other side of a
 * rectifier's kink than in PyTorch; from then on the two are neighbouring trajectories of a chaotic system.
 */
const TOLERANCES = [
  { steps: 1, tolerance: 1e-5 },
  { steps: 4, tolerance: 1e-4 },
  { steps: STEPS, tolerance: 0.1 },
];

describe.skipIf(TORCH_PYTHON === null)(
  'a hundred steps as in PyTorch (needs a Python that can import torch)',
  () => {
    const names = Object.keys(STEP_NETWORKS);
    const theirs =
      TORCH_PYTHON === null
        ? null
        : runInTorch(
            TORCH_PYTHON,
            names.map((name) => run(name, 1)),
          );

    test.each(names.map((name, i) => [name, i] as const))('%s', async (name, i) => {
      const ours = await runHere(run(name, 1));
      const reference = (await theirs!)[i]!;
      const gaps = ours.losses.map((loss, step) => Math.abs(loss - reference.losses[step]!));
      expect(gaps).toHaveLength(STEPS);
      expect(reference.losses.at(-1)).toBeLessThan(reference.losses[0]! - 0.3);
      for (const { steps, tolerance } of TOLERANCES)
        expect(Math.max(...gaps.slice(0, steps)), `${steps} steps`).toBeLessThan(tolerance);
      // No kink is crossed in the small network without batch norm: its weights agree to rounding to the end.
      if (name === 'MLP') expect(weightDifference(ours.weights, reference.weights).worst).toBeLessThan(1e-5);
    });
  },
);

const bytesOf = (weights: ReadonlyMap<string, { readonly data: ArrayBufferView }>): Buffer =>
  Buffer.concat(
    [...weights.values()].map(({ data }) => Buffer.from(data.buffer, data.byteOffset, data.byteLength)),
  );

describe('the same bits', () => {
  test.each([...Object.keys(STEP_NETWORKS).map((name) => [name, 1] as const), ['ResNet-20', 2] as const])(
    '%s, threads: %i; in two runs, and over a checkpoint',
    async (name, threads) => {
      const first = await runHere(run(name, threads, 8));
      const folder = mkdtempSync(join(tmpdir(), 'espalier-checkpoint-'));
      const path = join(folder, 'checkpoint.safetensors');
      try {
        const before = await startRun(run(name, threads, 8));
        await before.advance(STEPS / 2);
        const { steps: step } = before.stepper;
        const state = { epoch: 1, step, curve: [], seconds: 1, run: name, vectors: before.stepper.vectors() };
        await writeCheckpoint(path, state);
        await before.stepper.release();
        const saved = readCheckpoint(path, name)!;
        const after = await startRun(run(name, threads, 8), saved);
        const losses = await after.advance(STEPS / 2);
        const second = bytesOf(after.weights());
        await after.stepper.release();
        expect(losses).toEqual(first.losses.slice(STEPS / 2));
        expect(second.equals(bytesOf(first.weights))).toBe(true);
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  );
});
