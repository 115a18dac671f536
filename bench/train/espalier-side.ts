/** Espalier's side of the training benchmark as a session: network, training graph, one fixed batch of random data. */
import { crossEntropy } from '../../src/autodiff/losses/cross-entropy.ts';
import { sgd } from '../../src/autodiff/optimisers/sgd.ts';
import { pack } from '../../src/autodiff/parameter-layout.ts';
import { trainingGraph } from '../../src/autodiff/training-graph.ts';
import { initialWeights } from '../../src/network/initialise.ts';
import type { Network } from '../../src/network/network.ts';
import { networkToOnnx } from '../../src/network/to-onnx.ts';
import type { Tensor } from '../../src/onnx/model.ts';
import { createRandom } from '../../src/random.ts';
import { loweringTarget } from '../../src/runtime/lowering-target.ts';
import { createStepper } from '../../src/train/step.ts';
import type { BenchNetwork } from './networks/bench-network.ts';
import { OPTIMISER } from './protocol.ts';

export interface Side {
  readonly parameters: number;
  /** One whole step: forward, loss, backward, update. @returns the loss */
  step(): Promise<number>;
  /** As many such steps as the engine takes at once. @returns how many, and the last one's loss */
  run(): Promise<{ readonly steps: number; readonly loss: number }>;
  endProfiling(): void;
  release(): Promise<void>;
}

/** One batch of random inputs and labels. */
export function randomBatch(bench: BenchNetwork, batch: number): Readonly<Record<string, Tensor>> {
  const random = createRandom('batch');
  const labelShape = bench.labels === 'pixel' ? [batch, ...bench.inputShape.slice(1)] : [batch];
  const inputSize = batch * bench.inputShape.reduce((a, b) => a * b, 1);
  return {
    input: {
      dtype: 'float32' as const,
      shape: [batch, ...bench.inputShape],
      data: Float32Array.from({ length: inputSize }, () => random.normal()),
    },
    labels: {
      dtype: 'int64' as const,
      shape: labelShape,
      data: BigInt64Array.from({ length: labelShape.reduce((a, b) => a * b, 1) }, () =>
        BigInt(random.int(bench.classes)),
      ),
    },
  };
}

/** From a network to a session that is ready for its first step. */
export async function espalierSide(
  network: Network,
  options: {
    readonly feeds: Readonly<Record<string, Tensor>>;
    readonly threads: number;
    readonly profilePrefix?: string;
  },
): Promise<Side> {
  const { feeds, threads, profilePrefix } = options;
  const batch = feeds.input!.shape[0]!;
  const random = createRandom('bench');
  const weights = initialWeights(network, random);
  const model = networkToOnnx(network, weights, { mode: 'training', batch });
  const loss = crossEntropy({ labels: 'indices' });
  const graph = trainingGraph(model, loss, sgd({ momentum: OPTIMISER.momentum, nesterov: true }), {
    trainable: (name) => weights.has(name),
    target: await loweringTarget(),
  });
  const start = new Map([
    ['parameters', pack(graph.parameters, weights)],
    ['statistics', pack(graph.statistics, weights)],
  ]);
  const decay = new Float32Array(graph.parameters.length).fill(OPTIMISER.weightDecay);
  const stepper = await createStepper(graph, start, decay, {
    threads,
    ...(profilePrefix !== undefined && { profilePrefix }),
  });
  const inputs = { feeds, learningRate: OPTIMISER.learningRate, averageDecay: 0 };
  const together = Array.from({ length: stepper.together }, () => inputs);
  return {
    parameters: graph.parameters.length,
    step: () => stepper.step(inputs, random),
    run: async () => ({
      steps: together.length,
      loss: (await stepper.run(together, () => random)).at(-1)!,
    }),
    endProfiling: () => stepper.endProfiling(),
    release: () => stepper.release(),
  };
}
