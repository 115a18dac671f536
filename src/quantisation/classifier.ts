/**
 * The whole way of a classifier to 8 bits: calibration, fine-tuning if wanted, layers back to float while the accuracy
 * is out of bounds, and both models judged on the same images.
 */
import type { Augmentation, ImageDataset, ImageSplit } from '../data/dataset.ts';
import { fail } from '../errors.ts';
import { encodeModel } from '../onnx/encode.ts';
import { imageBatch } from '../onnx/image-batch.ts';
import type { OnnxModel, ValueInfo } from '../onnx/model.ts';
import { createRandom } from '../random.ts';
import { type Evaluation, evaluateModel } from '../train/evaluate.ts';
import { calibrationBatches } from './calibration/batches.ts';
import { fineTune } from './fine-tune.ts';
import { mixedPrecision } from './mixed-precision.ts';
import {
  type Calibration,
  calibrate,
  type QuantisedModel,
  type QuantiseOptions,
  quantiseCalibrated,
  rangesOf,
} from './quantise.ts';
import { type LayerSensitivity, layerSensitivities } from './sensitivity.ts';

/** What a quantisation is at. */
export type QuantisationPhase =
  | 'float accuracy'
  | 'calibration'
  | 'fine-tuning'
  | 'sensitivity'
  | 'mixed precision'
  | 'test';

/** A float classifier, the images that calibrate and judge it, and how much accuracy may be lost. */
export interface QuantiseClassifierRequest {
  /**
   * One float32 image input [batch, channels, height, width] of the data set's shape; a row of logits or
   * probabilities for each image.
   */
  readonly model: OnnxModel;
  /** Its normalisation is what the model expects. */
  readonly dataset: ImageDataset;
  /** Target, calibration and corrections. */
  readonly options: QuantiseOptions;
  /** Training images for calibration, in the classes' proportions; 512 by default. */
  readonly calibrationImages?: number;
  /** Epochs of quantisation-aware fine-tuning; 0 by default. */
  readonly fineTuneEpochs?: number;
  /** Of the fine-tuning's first step; 1e-4 by default. */
  readonly learningRate?: number;
  /** Random changes of the images in fine-tuning. */
  readonly augmentation: Augmentation;
  /**
   * Largest loss of validation accuracy, as a difference of shares, 0..1; layers stay in float until it is kept. Null
   * for no bound.
   */
  readonly maxDrop: number | null;
  /** Asked for: how much each layer's quantisation alone disturbs the outputs; false by default. */
  readonly sensitivity?: boolean;
  /** Of ONNX Runtime, ≥ 1. */
  readonly threads: number;
  /** Decides which images calibrate, and the fine-tuning. */
  readonly seed: string;
  /** Ends the work before its next step. */
  readonly signal?: AbortSignal;
  /** Called as it goes on; `done` is the share of the phase, 0..1. */
  readonly onProgress?: (phase: QuantisationPhase, done: number) => void;
}

/** How good a model is. */
export interface Judged {
  /** On the validation images. */
  readonly val: Evaluation;
  /** On the test images; null when there are none. */
  readonly test: Evaluation | null;
}

/** An INT8 classifier with its accuracy beside the float model's. */
export interface QuantisedClassifier extends QuantisedModel {
  /** Of the given model. */
  readonly float: Judged;
  /** Of the quantised one. */
  readonly int8: Judged;
  /** Layers that stay in float by the options, and by the bound on the accuracy. */
  readonly keptFloat: readonly string[];
  /** Most sensitive first; null unless they were asked for. */
  readonly sensitivities: readonly LayerSensitivity[] | null;
  /** Whether the bound on the loss is kept on the validation images. */
  readonly met: boolean;
}

/** Values of one run together stay within this, whatever the images' size. */
const PIXELS_PER_RUN = 32 * 32 * 64;

/** The one image input. @throws NOT_QUANTISABLE */
export function imageInput(model: OnnxModel): ValueInfo {
  const inputs = model.graph.inputs.filter((i) => !model.graph.initializers.has(i.name));
  const [input] = inputs;
  if (inputs.length !== 1 || input?.dtype !== 'float32' || input.shape.length !== 4)
    return fail('NOT_QUANTISABLE', {
      reason: 'it must have one float32 input [batch, channels, height, width]',
    });
  return input;
}

/**
 * The whole way of a classifier to 8 bits: calibration, fine-tuning if wanted, layers back to float while the
 * accuracy is out of bounds, and both models judged on the same images. Validation images choose, test images are
 * looked at once.
 * @throws NOT_QUANTISABLE when the model has another form or nothing to quantise; CALIBRATION when it gives a value
 *   that is not finite; MODEL_LOAD; NO_GRADIENT, SHAPE, DIVERGED from the fine-tuning; USAGE when its outputs are not
 *   the data's classes; what the signal was aborted with
 */
export async function quantiseClassifier(request: QuantiseClassifierRequest): Promise<QuantisedClassifier> {
  const { model, dataset, options, threads, signal, maxDrop } = request;
  const progress = request.onProgress ?? (() => undefined);
  const input = imageInput(model);
  const fixed = imageBatch(model.graph);
  const random = createRandom(request.seed);
  const evaluate = (m: OnnxModel, split: ImageSplit): Promise<Evaluation> => {
    signal?.throwIfAborted();
    return evaluateModel({ model: encodeModel(m), split, dataset, threads });
  };

  progress('float accuracy', 0);
  const floatVal = await evaluate(model, dataset.val);
  const least = maxDrop === null ? Number.NEGATIVE_INFINITY : floatVal.accuracy - maxDrop;
  progress('calibration', 0);
  const batches = calibrationBatches(dataset, {
    input: input.name,
    images: request.calibrationImages ?? 512,
    batch: fixed ?? Math.max(1, Math.floor(PIXELS_PER_RUN / (dataset.height * dataset.width))),
    fixed: fixed !== null,
    random: random.split('calibration'),
  });
  const running = { threads, signal };
  let calibration = await calibrate(model, batches, {
    ...options,
    ...running,
    onProgress: (done) => progress('calibration', done),
  });
  const untuned = calibration;
  const ranges = rangesOf(calibration, options);
  let best = await judged(calibration);

  const epochs = request.fineTuneEpochs ?? 0;
  if (epochs > 0) {
    await fineTune({
      calibration,
      options,
      dataset,
      augmentation: request.augmentation,
      epochs,
      ...(request.learningRate !== undefined && { learningRate: request.learningRate }),
      seed: `${request.seed}/fine-tuning`,
      threads,
      ...(signal && { signal }),
      onProgress: (done) => progress('fine-tuning', done),
      onEpoch: async (_, tuned) => {
        const result = await judged(tuned);
        // Of equals the later: it has seen more.
        if (result.accuracy >= best.accuracy) [best, calibration] = [result, tuned];
      },
    });
  }
  let found = {
    ...best.quantised,
    accuracy: best.accuracy,
    keptFloat: [...(options.keepFloat ?? [])] as readonly string[],
    met: best.accuracy >= least,
  };
  // A fine-tuned model whose layers go back to float need not get as good as the one before: that is tried as well.
  for (const from of new Set([calibration, untuned])) {
    if (found.met) break;
    const order = await sensitivitiesOf(from);
    progress('mixed precision', 0);
    const judge = async (q: QuantisedModel): Promise<number> =>
      (await evaluate(q.model, dataset.val)).accuracy;
    const tried = await mixedPrecision(from, options, order, judge, least, ranges);
    if (tried.met || tried.accuracy > found.accuracy) found = tried;
  }
  const sensitivities = request.sensitivity ? await sensitivitiesOf(calibration) : null;
  progress('test', 0);
  const testOf = async (m: OnnxModel): Promise<Evaluation | null> =>
    dataset.test === null ? null : evaluate(m, dataset.test);
  return {
    model: { ...found.model, metadata: model.metadata },
    layers: found.layers,
    keptFloat: found.keptFloat,
    met: found.met,
    sensitivities,
    float: { val: floatVal, test: await testOf(model) },
    int8: { val: await evaluate(found.model, dataset.val), test: await testOf(found.model) },
  };

  function sensitivitiesOf(from: Calibration): Promise<readonly LayerSensitivity[]> {
    const observing = { ...running, onProgress: (done: number) => progress('sensitivity', done) };
    return layerSensitivities(from, batches.slice(0, 2), options, observing, ranges);
  }

  async function judged(
    from: Calibration,
  ): Promise<{ readonly quantised: QuantisedModel; readonly accuracy: number }> {
    const quantised = quantiseCalibrated(from, options, ranges);
    return { quantised, accuracy: (await evaluate(quantised.model, dataset.val)).accuracy };
  }
}
