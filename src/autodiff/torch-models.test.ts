/** Models exported from PyTorch, read, trained and written back: in every step as PyTorch trains them. */
import { beforeAll, describe, expect, test } from 'vitest';
import { encodeModel } from '../onnx/encode.ts';
import { createRandom } from '../random.ts';
import { loweringTarget } from '../runtime/lowering-target.ts';
import { createSession } from '../runtime/session.ts';
import { createStepper } from '../train/step.ts';
import { LOSSES } from './losses/index.ts';
import { startingVectors, trainedModel } from './model-weights.ts';
import { OPTIMISERS } from './optimisers/index.ts';
import { entryVector, unpack } from './parameter-layout.ts';
import {
  type ExportJob,
  type OptimiserName,
  type Reference,
  TORCHVISION_PYTHON,
  torchReferences,
} from './testing/torch-models.ts';
import { trainingGraph } from './training-graph.ts';

/** Largest differences, relative for tensors (Euclidean norm), absolute for losses. */
interface Tolerances {
  readonly gradients: number;
  readonly losses: number;
  /** Of weights and running averages after ten steps; biases begin at zero, and are then nothing but gradients. */
  readonly weights: number;
  /** Of what the trained model gives. */
  readonly output: number;
}

/** Smooth enough to agree to rounding, step after step. */
const EXACT: Tolerances = { gradients: 1e-4, losses: 1e-4, weights: 2e-3, output: 1e-4 };
/**
 * Deep networks of rectifiers and batch norms: one value of a hundred thousand that rounding puts on the other side of a
 * kink changes all gradients before it by a share of a percent (PyTorch in single and double precision differ as much).
 */
const KINKED: Tolerances = { gradients: 0.03, losses: 5e-3, weights: 0.1, output: 0.05 };

/** Rectifiers in the first blocks only: agrees to rounding here (1e-5), but another processor may round across a kink. */
const FEW_KINKS: Tolerances = { gradients: 0.01, losses: 1e-3, weights: 0.02, output: 0.01 };

const vit = { network: 'vit', mode: 'eval', dynamic: true, side: 64, rate: 0.01 } as const;
const JOBS: readonly (ExportJob & { readonly tolerances: Tolerances })[] = [
  {
    name: 'ResNet-18',
    network: 'resnet18',
    opset: 11,
    mode: 'eval',
    dynamic: true,
    side: 64,
    rate: 1e-3,
    optimisers: ['sgd'],
    tolerances: KINKED,
  },
  {
    name: 'MobileNetV2',
    network: 'mobilenet_v2',
    opset: 13,
    mode: 'train',
    dynamic: false,
    side: 96,
    rate: 1e-5,
    optimisers: ['sgd'],
    tolerances: KINKED,
  },
  {
    name: 'MobileNetV3-small',
    network: 'mobilenet_v3_small',
    opset: 14,
    mode: 'eval',
    dynamic: true,
    side: 64,
    rate: 1e-3,
    optimisers: ['sgd', 'adamw'],
    tolerances: FEW_KINKS,
  },
  {
    name: 'vision transformer, opset 11',
    opset: 11,
    optimisers: ['sgd', 'adamw'],
    tolerances: EXACT,
    ...vit,
  },
  { name: 'vision transformer, opset 17', opset: 17, optimisers: ['sgd'], tolerances: EXACT, ...vit },
  {
    name: 'Swin transformer',
    network: 'swin',
    opset: 16,
    mode: 'eval',
    dynamic: true,
    side: 64,
    rate: 0.01,
    optimisers: ['sgd', 'adamw'],
    tolerances: EXACT,
  },
  {
    name: 'U-Net of volumes',
    network: 'volumes',
    opset: 15,
    mode: 'eval',
    dynamic: true,
    side: 8,
    rate: 0.01,
    optimisers: ['sgd', 'adamw'],
    tolerances: EXACT,
  },
  {
    name: 'text transformer',
    network: 'text',
    opset: 14,
    mode: 'train',
    dynamic: true,
    side: 7,
    rate: 0.01,
    optimisers: ['sgd', 'adamw'],
    tolerances: EXACT,
  },
  {
    name: 'bidirectional LSTM of two layers',
    network: 'lstm',
    opset: 11,
    mode: 'eval',
    dynamic: true,
    side: 6,
    rate: 0.05,
    optimisers: ['sgd', 'adamw'],
    tolerances: EXACT,
  },
  {
    name: 'GRU with a learnt state',
    network: 'gru',
    opset: 17,
    mode: 'train',
    dynamic: true,
    side: 9,
    rate: 0.05,
    optimisers: ['sgd', 'adamw'],
    tolerances: EXACT,
  },
];

/** As in testing/torch-models.py. */
const SETTINGS = {
  sgd: { optimiser: OPTIMISERS.sgd({ momentum: 0.9 }), decay: 0 },
  adamw: { optimiser: OPTIMISERS.adamw({ epsilon: 1e-3 }), decay: 0.01 },
} as const satisfies Readonly<Record<OptimiserName, unknown>>;

async function train({ model, x, labels }: Reference, name: OptimiserName, learningRate: number) {
  const { optimiser, decay } = SETTINGS[name];
  const graph = trainingGraph(model, LOSSES.crossEntropy({ labels: 'indices' }), optimiser, {
    dimensions: { N: x.shape[0]! },
    target: await loweringTarget(),
  });
  const stepper = await createStepper(
    graph,
    startingVectors(graph, model),
    entryVector(graph.parameters, () => decay),
    {},
  );
  const losses: number[] = [];
  let firstState: Float32Array | undefined;
  for (let i = 0; i < 10; i++) {
    const inputs = { feeds: { x, labels }, learningRate, averageDecay: 0 };
    losses.push(await stepper.step(inputs, createRandom('no dropout')));
    firstState ??= Float32Array.from(stepper.vectors().get(optimiser.state[0]!)!.data as Float32Array);
  }
  const vectors = new Map([...stepper.vectors()].map(([n, t]) => [n, t.data as Float32Array]));
  const trained = trainedModel(model, graph, vectors);
  await stepper.release();
  return { graph, losses, firstState: unpack(graph.parameters, firstState!), trained };
}

/** Euclidean distance relative to the length. */
function difference(ours: ArrayLike<number>, theirs: Float32Array): number {
  const length = Math.sqrt(theirs.reduce((sum, v) => sum + v * v, 0));
  return Math.sqrt(theirs.reduce((sum, v, i) => sum + (v - ours[i]!) ** 2, 0)) / (length + 1e-3);
}

/** The tensor that lies furthest apart. */
function worst(
  theirs: ReadonlyMap<string, Float32Array>,
  ours: (name: string) => Float32Array,
): { readonly name: string; readonly gap: number } {
  const gaps = [...theirs].map(([name, values]) => ({ name, gap: difference(ours(name), values) }));
  return gaps.reduce((a, b) => (a.gap >= b.gap ? a : b));
}

describe.skipIf(TORCHVISION_PYTHON === null)(
  'exported from PyTorch (needs a Python that can import torch and torchvision)',
  () => {
    let references: ReadonlyMap<string, Reference>;
    beforeAll(async () => {
      references = await torchReferences(TORCHVISION_PYTHON!, JOBS);
    }, 300_000);

    test.each(JOBS.map((job) => [job.name, job] as const))(
      '%s',
      async (name, job) => {
        const reference = references.get(name)!;
        const { tolerances } = job;
        for (const optimiser of job.optimisers) {
          const { graph, losses, firstState, trained } = await train(reference, optimiser, job.rate);
          const theirs = reference.trained.get(optimiser)!;
          const names = graph.parameters.entries.map((e) => e.name).sort();
          expect(names).toEqual([...reference.gradients.keys()].sort());
          const gaps = losses.map((loss, i) => Math.abs(loss - theirs.losses[i]!));
          expect(gaps).toHaveLength(10);
          expect(theirs.losses.at(-1)).toBeLessThan(theirs.losses[0]! - 0.01);
          expect(gaps[0], 'first loss').toBeLessThan(1e-5);
          expect(Math.max(...gaps), 'losses').toBeLessThan(tolerances.losses);
          const tensors = trained.graph.initializers;
          const weights = worst(theirs.tensors, (n) => tensors.get(n)!.data as Float32Array);
          expect(weights.gap, weights.name).toBeLessThan(tolerances.weights);
          if (optimiser !== 'sgd') continue;
          // The velocity after the first step is the gradient.
          const gradients = worst(reference.gradients, (n) => firstState.get(n)!.data as Float32Array);
          expect(gradients.gap, `gradient of ${gradients.name}`).toBeLessThan(tolerances.gradients);
          // Written to a file, the model gives what PyTorch's gives.
          const session = await createSession(encodeModel(trained));
          const { y } = await session.run({ x: reference.x });
          await session.release();
          const gap = difference(y!.data as Float32Array, reference.output);
          expect(gap, 'output').toBeLessThan(tolerances.output);
        }
      },
      120_000,
    );
  },
);
