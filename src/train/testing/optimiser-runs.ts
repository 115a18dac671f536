/** Training runs with every optimiser that PyTorch has too, and what PyTorch's losses were when it was asked. */
import { readFileSync, writeFileSync } from 'node:fs';
import { OPTIMISERS } from '../../autodiff/optimisers/index.ts';
import { STEP_NETWORKS } from './step-networks.ts';
import type { TrainingRun } from './training-run.ts';

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

export const OPTIMISER_RUNS: Readonly<Record<string, TrainingRun>> = {
  'the first steps of a residual network': {
    ...base,
    network: STEP_NETWORKS['ResNet-20']!(),
    steps: 3,
    learningRate: 0.01,
    optimiser: OPTIMISERS.sgd({ momentum: 0.9, nesterov: true }),
    ...torch('SGD', { momentum: 0.9, nesterov: true }),
  },
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

const FILE = new URL('./recorded-runs.json', import.meta.url);

/** Losses by the name of the run: of its first ten steps, then of every tenth. */
export type RecordedRuns = Readonly<Record<string, readonly number[]>>;

export const isRecorded = (step: number): boolean => step <= 10 || step % 10 === 0;

export const recordOfRun = (losses: readonly number[]): number[] =>
  losses.filter((_, i) => isRecorded(i + 1)).map((loss) => Number(loss.toPrecision(7)));

export const readRecordedRuns = (): RecordedRuns => JSON.parse(readFileSync(FILE, 'utf8'));

export function writeRecordedRuns(runs: RecordedRuns): void {
  const lines = Object.entries(runs).map(
    ([name, losses]) => `${JSON.stringify(name)}: ${JSON.stringify(losses)}`,
  );
  writeFileSync(FILE, `{\n${lines.join(',\n')}\n}\n`);
}
