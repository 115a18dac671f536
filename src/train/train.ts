/** The training loop: epochs of steps on ONNX Runtime, validated after each, resumable at every epoch's end. */
import { createHash } from 'node:crypto';
import { crossEntropy } from '../autodiff/losses/cross-entropy.ts';
import { OPTIMISERS } from '../autodiff/optimisers/index.ts';
import type { Optimiser } from '../autodiff/optimisers/optimiser.ts';
import { entryVector, pack, unpack } from '../autodiff/parameter-layout.ts';
import { type TrainingGraph, trainingGraph } from '../autodiff/training-graph.ts';
import { createBatcher } from '../data/batches.ts';
import type { ImageDataset, ImageSplit } from '../data/dataset.ts';
import { fail } from '../errors.ts';
import { initialWeights } from '../network/initialise.ts';
import type { Network } from '../network/network.ts';
import { networkToOnnx } from '../network/to-onnx.ts';
import type { Tensor } from '../onnx/model.ts';
import { createRandom } from '../random.ts';
import { loweringTarget } from '../runtime/lowering-target.ts';
import type { createSession } from '../runtime/session.ts';
import type { CurvePoint } from '../study/trial.ts';
import { checkPlan } from './check-plan.ts';
import { readCheckpoint, writeCheckpoint } from './checkpoint.ts';
import type { TrainingRecipe } from './diagnose.ts';
import { failDiverged } from './diverged.ts';
import { evaluateNetwork } from './evaluate.ts';
import type { OptimiserPlan, TrainingPlan, TrainingResult, Weights } from './plan.ts';
import { learningRate } from './schedule.ts';
import { createStepper, type Stepper } from './step.ts';
import { stratifiedShare } from './stratified-share.ts';

/** A network to be trained, on what, and how. */
export interface TrainingRequest {
  /** With one input, of the images' shape, and one logit for each class. */
  readonly network: Network;
  /** `train` is trained on, `val` evaluated after each epoch; `test` is not looked at. */
  readonly dataset: ImageDataset;
  /** How it is trained. */
  readonly plan: TrainingPlan;
  /** Seeds initial weights, the share of the data, order, augmentation and dropout. */
  readonly seed: string;
  /** Of ONNX Runtime, ≥ 1. */
  readonly threads: number;
  /** Where the session of the training graph comes from; a new one by default. */
  readonly openSession?: typeof createSession;
  /**
   * File to go on from when it is there and of the same network, plan, seed and data, and to write at every epoch's
   * end; none by default.
   */
  readonly checkpoint?: string;
  /** Called after each epoch with what was measured then. */
  readonly onEpoch?: (point: CurvePoint) => void;
  /** Asked after each epoch but the last: true ends the training there. */
  readonly shouldStop?: (curve: readonly CurvePoint[]) => boolean;
  /** Called after one or a few steps with the share of the training that was done before the last of them, 0..1. */
  readonly onStep?: (done: number) => void;
  /** Ends the training before its next steps. */
  readonly signal?: AbortSignal;
  /**
   * Milliseconds since the epoch. When the plan would not be done by then, the schedule follows the clock instead, so
   * that the learning rate still comes down in time (the result then depends on the machine's speed).
   */
  readonly deadline?: number;
}

function optimiserOf(plan: OptimiserPlan): Optimiser {
  switch (plan.kind) {
    case 'sgd':
      return OPTIMISERS.sgd(plan);
    case 'adamw':
      return OPTIMISERS.adamw(plan);
    case 'rmsprop':
      return OPTIMISERS.rmsprop(plan);
    case 'lion':
      return OPTIMISERS.lion(plan);
  }
}

/** The moving average reaches its full decay gradually, or the first weights would stay in it. */
const averageDecay = (limit: number, step: number): number => Math.min(limit, (1 + step) / (10 + step));

/**
 * Trains a network by its plan: softmax cross-entropy, validated after each epoch, resumable at every epoch's end.
 * Deterministic for a seed on one machine and number of threads, unless a deadline is met.
 * @throws USAGE when a number of the plan is out of its range; DIVERGED when the loss, a weight or a running average becomes NaN or infinite, with the name of the layer;
 *   BATCH_TOO_LARGE when the share of the data does not fill one batch; SHAPE when the network does not fit;
 *   SAFETENSORS, STORAGE when the checkpoint cannot be read or written; what the signal was aborted with
 */
export async function trainNetwork(request: TrainingRequest): Promise<TrainingResult> {
  const { network, dataset, plan, seed, threads } = request;
  checkPlan(plan, dataset.classes.length);
  const random = createRandom(seed);
  const split = stratifiedShare(dataset.train, dataset.classes.length, plan.dataShare, random.split('share'));
  if (split.count < plan.batchSize) fail('BATCH_TOO_LARGE', { images: split.count, batch: plan.batchSize });

  const weights = initialWeights(network, random.split('weights'));
  const model = networkToOnnx(network, weights, { mode: 'training', batch: plan.batchSize });
  const recipe: TrainingRecipe = {
    model,
    loss: crossEntropy(),
    optimiser: optimiserOf(plan.optimiser),
    options: {
      trainable: (name) => weights.has(name),
      clipNorm: plan.clipNorm,
      movingAverage: plan.ema > 0,
      target: await loweringTarget(),
    },
  };
  const graph = trainingGraph(model, recipe.loss, recipe.optimiser, recipe.options);
  const run = createHash('sha256')
    .update(JSON.stringify([network, plan, seed, dataset.fingerprint]))
    .digest('hex');
  const saved = request.checkpoint === undefined ? null : readCheckpoint(request.checkpoint, run);
  const start = new Map<string, Float32Array>(
    saved
      ? [...saved.vectors].map(([name, tensor]) => [name, tensor.data as Float32Array])
      : [
          ['parameters', pack(graph.parameters, weights)],
          ['statistics', pack(graph.statistics, weights)],
        ],
  );
  // Norms and biases (vectors) are spared.
  const decay = entryVector(graph.parameters, (e) => (e.shape.length > 1 ? plan.optimiser.weightDecay : 0));
  const stepper = await createStepper(graph, start, decay, {
    threads,
    steps: saved?.step ?? 0,
    ...(request.openSession && { openSession: request.openSession }),
  });
  try {
    return await runEpochs(request, { recipe, graph, stepper, split, weights, run, saved });
  } finally {
    await stepper.release();
  }
}

interface Loop {
  readonly recipe: TrainingRecipe;
  readonly graph: TrainingGraph;
  readonly stepper: Stepper;
  readonly split: ImageSplit;
  readonly weights: Weights;
  readonly run: string;
  readonly saved: {
    readonly epoch: number;
    readonly curve: readonly CurvePoint[];
    readonly seconds: number;
  } | null;
}

async function runEpochs(request: TrainingRequest, loop: Loop): Promise<TrainingResult> {
  const { dataset, plan, seed, threads, network, signal, deadline } = request;
  const { graph, stepper, split } = loop;
  const random = createRandom(seed);
  const batcher = createBatcher(split, dataset, {
    ...plan,
    random: random.split('batches'),
    dropLast: true,
    buffers: stepper.together,
  });
  const stepsPerEpoch = Math.floor(split.count / plan.batchSize);
  const totalSteps = stepsPerEpoch * plan.epochs;
  const curve: CurvePoint[] = [...(loop.saved?.curve ?? [])];
  const imageShape = [plan.batchSize, dataset.channels, dataset.height, dataset.width];
  const labelShape = [plan.batchSize, dataset.classes.length];
  const clock = scheduleClock(totalSteps, stepper.steps, deadline);
  let seconds = loop.saved?.seconds ?? 0;
  let trained = 0;
  let trainingMs = 0;
  let cutShort = false;

  for (let epoch = loop.saved?.epoch ?? 0; epoch < plan.epochs && !cutShort; epoch++) {
    const began = performance.now();
    const noise = random.split('noise', epoch);
    let lossSum = 0;
    let steps = 0;
    for (const batches of inGroups(batcher.epoch(epoch), stepper.together)) {
      signal?.throwIfAborted();
      const progress = batches.map((_, i) => clock(stepper.steps + i));
      const inTime = progress.filter((share) => share < 1).length;
      cutShort = inTime < batches.length;
      const inputs = batches.slice(0, inTime).map((batch, i) => ({
        feeds: {
          input: { dtype: 'float32' as const, shape: imageShape, data: batch.images },
          labels: { dtype: 'float32' as const, shape: labelShape, data: batch.labels },
        },
        learningRate: learningRate(plan, progress[i]!),
        averageDecay: averageDecay(plan.ema, stepper.steps + i),
      }));
      const first = steps;
      const losses = await stepper.run(inputs, (i) => noise.split(first + i));
      if (losses.length > 0 && !stepper.finite)
        await failDiverged(loop.recipe, stepper, { loss: losses.at(-1)!, epoch: epoch + 1, threads });
      lossSum = losses.reduce((sum, loss) => sum + loss, lossSum);
      steps += losses.length;
      if (cutShort) break;
      request.onStep?.(progress.at(-1)!);
    }
    // The deadline was over before: the point of the epoch before says it all.
    if (steps === 0 && curve.length > 0) break;
    trained += steps * plan.batchSize;
    trainingMs += performance.now() - began;
    const trainLoss = lossSum / Math.max(1, steps);
    const evaluation = await evaluateNetwork({
      network,
      weights: currentWeights(loop),
      split: dataset.val,
      dataset,
      threads,
    });
    seconds += (performance.now() - began) / 1000;
    const point: CurvePoint = {
      epoch: epoch + 1,
      trainLoss,
      valLoss: evaluation.loss,
      valAccuracy: evaluation.accuracy,
      seconds,
    };
    curve.push(point);
    if (request.checkpoint !== undefined) {
      const state = {
        epoch: epoch + 1,
        step: stepper.steps,
        curve,
        seconds,
        run: loop.run,
        vectors: stepper.vectors(),
      };
      await writeCheckpoint(request.checkpoint, state);
    }
    request.onEpoch?.(point);
    if (epoch + 1 < plan.epochs && request.shouldStop?.(curve)) cutShort = true;
  }
  return {
    weights: currentWeights(loop),
    curve,
    imagesPerSecond: trainingMs === 0 ? 0 : trained / (trainingMs / 1000),
    cutShort,
  };

  /** The averages where they are kept, else the weights themselves. */
  function currentWeights({ stepper: source, weights }: Loop): Weights {
    const vectors = source.vectors();
    const data = (name: string): Float32Array | undefined =>
      vectors.get(name)?.data as Float32Array | undefined;
    const statistics = data('averageStatistics') ?? data('statistics');
    return new Map<string, Tensor>([
      ...weights,
      ...unpack(graph.parameters, (data('average') ?? data('parameters'))!),
      ...(statistics ? unpack(graph.statistics, statistics) : []),
    ]);
  }
}

/** So many at a time, the last ones fewer. */
function* inGroups<T>(items: Iterable<T>, size: number): Generator<readonly T[], void, void> {
  let group: T[] = [];
  for (const item of items) {
    group.push(item);
    if (group.length < size) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}

/** Share of the schedule that is done before step `steps`: by steps, or by the clock where that runs ahead. */
function scheduleClock(
  totalSteps: number,
  firstStep: number,
  deadline: number | undefined,
): (steps: number) => number {
  if (deadline === undefined) return (steps) => steps / totalSteps;
  const began = Date.now();
  // Gone on with after the deadline: what the checkpoint has is the result.
  if (deadline <= began && firstStep > 0) return () => 1;
  const first = firstStep / totalSteps;
  return (steps) => {
    const byClock = first + (1 - first) * Math.min(1, (Date.now() - began) / Math.max(1, deadline - began));
    return Math.max(steps / totalSteps, byClock);
  };
}
