/** How fast this machine trains: measured once before a search under a time limit, to know which networks it can afford. */
import { crossEntropy } from '../autodiff/losses/cross-entropy.ts';
import { sgd } from '../autodiff/optimisers/sgd.ts';
import { pack } from '../autodiff/parameter-layout.ts';
import { trainingGraph } from '../autodiff/training-graph.ts';
import { classifierHead } from '../network/blocks/classifier-head.ts';
import { convBnAct } from '../network/blocks/conv-bn-act.ts';
import { residualBlock } from '../network/blocks/residual-block.ts';
import { networkBuilder } from '../network/builder.ts';
import { networkCost } from '../network/cost.ts';
import { initialWeights } from '../network/initialise.ts';
import type { Network } from '../network/network.ts';
import { networkToOnnx } from '../network/to-onnx.ts';
import type { Tensor } from '../onnx/model.ts';
import { createRandom } from '../random.ts';
import { loweringTarget } from '../runtime/lowering-target.ts';
import { createStepper } from '../train/step.ts';

const BATCH = 128;
const CLASSES = 10;
const SIDE = 32;
const SHAPE = [3, SIDE, SIDE] as const;
const SECONDS = 2;
const LEAST_STEPS = 3;
/** What is left of it in a search, where images are loaded, candidates validated and the other cores busy too. */
const SUSTAINED_SHARE = 0.8;

/**
 * What a training step costs for each pixel beside its products (norms, activations, copies), in multiply-accumulates:
 * networks of 2 to 20 million MACs on 32×32 images took as long as if they had about 4 million more.
 */
const MACS_PER_PIXEL = 4000;

/** What training costs beside the network's own multiply-accumulates, for images of so many pixels, in such. */
export const trainingOverhead = (pixels: number): number => MACS_PER_PIXEL * pixels;

/** A small residual network: dense and strided convolutions as the search spaces have them, 18 M MACs. */
function referenceNetwork(): Network {
  const b = networkBuilder(SHAPE);
  let x = convBnAct(b, b.input, { out: 16, kernel: 3, activation: 'relu' });
  for (const out of [32, 64, 128]) {
    x = convBnAct(b, x, { out, kernel: 3, stride: 2, activation: 'relu' });
    x = residualBlock(b, x, { out, kernel: 3, stride: 1, activation: 'relu' });
  }
  return b.build([classifierHead(b, x, CLASSES)]);
}

/** Multiply-accumulates and {@link trainingOverhead} that a search's training gets through in a second, one thread. */
export async function measureTrainingSpeed(): Promise<number> {
  const network = referenceNetwork();
  const random = createRandom('training speed');
  const weights = initialWeights(network, random);
  const model = networkToOnnx(network, weights, { mode: 'training', batch: BATCH });
  const optimiser = sgd({ momentum: 0.9, nesterov: true });
  const graph = trainingGraph(model, crossEntropy(), optimiser, { target: await loweringTarget() });
  const start = new Map([
    ['parameters', pack(graph.parameters, weights)],
    ['statistics', pack(graph.statistics, weights)],
  ]);
  const stepper = await createStepper(graph, start, new Float32Array(graph.parameters.length), {
    threads: 1,
  });
  const tensor = (shape: readonly number[], value: () => number): Tensor => ({
    dtype: 'float32',
    shape,
    data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, value),
  });
  const feeds = {
    input: tensor([BATCH, ...SHAPE], random.normal),
    labels: tensor([BATCH, CLASSES], () => 1 / CLASSES),
  };
  try {
    const step = () => stepper.step({ feeds, learningRate: 0, averageDecay: 0 }, random);
    await step();
    const began = performance.now();
    let steps = 0;
    while (steps < LEAST_STEPS || performance.now() - began < SECONDS * 1000) {
      await step();
      steps++;
    }
    const each = networkCost(network).macs + trainingOverhead(SIDE * SIDE);
    return (SUSTAINED_SHARE * each * BATCH * steps) / ((performance.now() - began) / 1000);
  } finally {
    await stepper.release();
  }
}
