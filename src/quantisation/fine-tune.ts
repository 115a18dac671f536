/**
 * Quantisation-aware fine-tuning: a few epochs at a low learning rate, from the model that calibration gave.
 *
 * The float model is the teacher (as in Mishra & Marr 2018 and Polino et al. 2018): its probabilities stand where the
 * labels were. What the quantised model has lost is what it answers otherwise than the float model; labels would go on
 * training the network, and move it away from the one that was chosen.
 */
import { crossEntropy } from '../autodiff/losses/cross-entropy.ts';
import { adamw } from '../autodiff/optimisers/adamw.ts';
import { pack, unpack } from '../autodiff/parameter-layout.ts';
import { requireSetting } from '../autodiff/setting.ts';
import { trainingGraph } from '../autodiff/training-graph.ts';
import { createBatcher } from '../data/batches.ts';
import type { Augmentation, ImageDataset } from '../data/dataset.ts';
import { fail } from '../errors.ts';
import { checkModel } from '../onnx/check.ts';
import { encodeModel } from '../onnx/encode.ts';
import { imageBatch } from '../onnx/image-batch.ts';
import type { OnnxModel, Tensor, ValueInfo } from '../onnx/model.ts';
import { createRandom } from '../random.ts';
import { loweringTarget } from '../runtime/lowering-target.ts';
import { createSession } from '../runtime/session.ts';
import type { TrainingRecipe } from '../train/diagnose.ts';
import { failDiverged } from '../train/diverged.ts';
import { createStepper } from '../train/step.ts';
import { fakeQuantise } from './fake-quantise.ts';
import { withNodes } from './graph.ts';
import { type Calibration, correctedModel, type QuantiseOptions, staysFloat } from './quantise.ts';
import { affineValues } from './ranges.ts';
import { TARGETS } from './targets.ts';

/** A quantised model's further training under fake quantisation. */
export interface FineTuneRequest {
  /** Of the float model, by {@link calibrate}. */
  readonly calibration: Calibration;
  /** As the model is to be quantised. */
  readonly options: QuantiseOptions;
  /** Its training images are trained on; labels are not looked at. */
  readonly dataset: ImageDataset;
  /** Random changes of them. */
  readonly augmentation: Augmentation;
  /** Passes over them, ≥ 1. */
  readonly epochs: number;
  /** Of the first step, > 0; falls to 0 along half a cosine. 1e-4 by default. */
  readonly learningRate?: number;
  /** Images in a step; 64 by default, less when there are fewer; the model's own where its shapes allow no other. */
  readonly batchSize?: number;
  /** Decides over order, augmentation and dropout. */
  readonly seed: string;
  /** Of ONNX Runtime, ≥ 1. */
  readonly threads: number;
  /** Called after each epoch (from 1), with what the calibration has become: its quantised model may be judged. */
  readonly onEpoch?: (epoch: number, tuned: Calibration) => Promise<void>;
  /** Share of the steps that is done, 0..1. */
  readonly onProgress?: (done: number) => void;
  /** Ends the training before the next step. */
  readonly signal?: AbortSignal;
}

/** What fine-tuning gives. */
export interface FineTuned {
  /** The calibration's model with the trained weights. */
  readonly calibration: Calibration;
}

const LAYERS: ReadonlySet<string> = new Set(['Conv', 'Gemm', 'MatMul']);

/**
 * Trains weights and biases under fake quantisation (Jacob et al. 2018), the activations' ranges as calibration chose
 * them: AdamW without decay on the cross-entropy with the float model's probabilities (Mishra and Marr 2018, Polino
 * et al. 2018).
 * @throws USAGE when epochs, learning rate or batch size are out of range; NO_GRADIENT, SHAPE for operators that
 *   cannot be trained; DIVERGED; MODEL_LOAD; what the signal was aborted with
 */
export async function fineTune(request: FineTuneRequest): Promise<FineTuned> {
  const { calibration, options, dataset, epochs, threads, signal, learningRate = 1e-4 } = request;
  const isWhole = Number.isInteger(epochs) && epochs > 0;
  requireSetting('fineTune', 'epochs', epochs, isWhole, 'a whole number above 0');
  requireSetting('fineTune', 'learningRate', learningRate, learningRate > 0, 'a number above 0');
  const target = TARGETS[calibration.target];
  const { model: start, plan } = correctedModel(calibration, staysFloat(calibration.model, options));
  const affines = affineValues(start.graph, plan, calibration.ranges, target);
  const fake = fakeQuantise(start, plan, affines, { target, limit: calibration.limit });
  const batchSize = trainingBatch(start, Math.min(request.batchSize ?? 64, dataset.train.count));
  if (batchSize > dataset.train.count)
    fail('NOT_QUANTISABLE', {
      reason: `it takes ${batchSize} images at once, and there are ${dataset.train.count} to fine-tune it on`,
    });
  const trainable = new Set(start.graph.nodes.flatMap((n) => (LAYERS.has(n.op) ? n.inputs.slice(1) : [])));
  const recipe: TrainingRecipe = {
    model: forTraining(fake, batchSize),
    loss: crossEntropy(),
    optimiser: adamw({ beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }),
    options: {
      trainable: (name) => trainable.has(name),
      clipNorm: 5,
      target: await loweringTarget(),
    },
  };
  const graph = trainingGraph(recipe.model, recipe.loss, recipe.optimiser, recipe.options);
  const tuned = (parameters: Float32Array): Calibration => ({
    ...calibration,
    model: withNodes(start, start.graph.nodes, unpack(graph.parameters, parameters)),
    // The training began with them.
    weights: new Map(),
    shifts: new Map(),
  });

  const random = createRandom(request.seed);
  const batcher = createBatcher(dataset.train, dataset, {
    batchSize,
    augmentation: request.augmentation,
    random: random.split('batches'),
    dropLast: true,
  });
  const parameters = pack(graph.parameters, start.graph.initializers);
  const stepper = await createStepper(
    graph,
    new Map([['parameters', parameters]]),
    new Float32Array(graph.parameters.length),
    { threads },
  );
  const teacher = await createSession(encodeModel(forTraining(calibration.model, batchSize)), { threads });
  const input = start.graph.inputs.find((i) => !start.graph.initializers.has(i.name))!.name;
  const shape = [batchSize, dataset.channels, dataset.height, dataset.width];
  const total = batcher.batches * epochs;
  const noise = random.split('noise');
  const now = (): Float32Array =>
    Float32Array.from(stepper.vectors().get('parameters')!.data as Float32Array);
  try {
    for (let epoch = 0; epoch < epochs; epoch++) {
      for (const { images } of batcher.epoch(epoch)) {
        signal?.throwIfAborted();
        const batch: Tensor = { dtype: 'float32', shape, data: images };
        const labels = softmax(Object.values(await teacher.run({ [input]: batch }))[0]!);
        const done = stepper.steps / total;
        const loss = await stepper.step(
          {
            feeds: {
              [input]: batch,
              labels,
            },
            learningRate: learningRate * 0.5 * (1 + Math.cos(Math.PI * done)),
            averageDecay: 0,
          },
          noise.split(stepper.steps),
        );
        if (!stepper.finite) await failDiverged(recipe, stepper, { loss, epoch: epoch + 1, threads });
        request.onProgress?.(stepper.steps / total);
      }
      await request.onEpoch?.(epoch + 1, tuned(now()));
    }
    return { calibration: tuned(now()) };
  } finally {
    await teacher.release();
    await stepper.release();
  }
}

/** Of each row of logits, [rows, classes]. */
function softmax({ shape, data }: Tensor): Tensor {
  const classes = shape.at(-1)!;
  const result = Float32Array.from(data as Float32Array);
  for (let row = 0; row < result.length; row += classes) {
    const logits = result.subarray(row, row + classes);
    const largest = Math.max(...logits);
    let sum = 0;
    for (let c = 0; c < classes; c++) sum += logits[c] = Math.exp(logits[c]! - largest);
    for (let c = 0; c < classes; c++) logits[c]! /= sum;
  }
  return { dtype: 'float32', shape, data: result };
}

/** `wanted`, unless the model is for a fixed number of images and has that in its shapes, as a constant Reshape has. */
function trainingBatch(model: OnnxModel, wanted: number): number {
  const fixed = imageBatch(model.graph);
  return fixed === null || checkModel(forTraining(model, wanted)).length === 0 ? wanted : fixed;
}

/** A fixed batch, and logits where the model ends in a softmax: the loss has its own. */
function forTraining(model: OnnxModel, batch: number): OnnxModel {
  const { graph } = model;
  const ofBatch = <T extends ValueInfo>(value: T): T => ({
    ...value,
    shape: value.shape.length === 0 ? [] : [batch, ...value.shape.slice(1)],
  });
  const inputs = graph.inputs.map((i) => (graph.initializers.has(i.name) ? i : ofBatch(i)));
  const first = ofBatch(graph.outputs[0]!);
  const last = graph.nodes.find((n) => n.outputs[0] === first.name);
  if (last?.op !== 'Softmax') return { ...model, graph: { ...graph, inputs, outputs: [first] } };
  const nodes = graph.nodes.filter((n) => n !== last);
  return { ...model, graph: { ...graph, inputs, nodes, outputs: [{ ...first, name: last.inputs[0]! }] } };
}
