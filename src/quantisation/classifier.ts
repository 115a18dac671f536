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
import type { CalibrationMethod } from './calibration/index.ts';
import { fineTune } from './fine-tune.ts';
import { mixedPrecision } from './mixed-precision.ts';
import {
  type Calibration,
  calibrate,
  type QuantisedModel,
  type QuantiseOptions,
  quantiseCalibrated,
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
  /**
   * Epochs of quantisation-aware fine-tuning; 0 by default. A function is asked once plain quantisation was judged, with
   * the validation accuracy that it loses (0..1).
   */
  readonly fineTuneEpochs?: number | ((drop: number) => number);
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
  /** The float model's own evaluations where they are known; they are not repeated. */
  readonly float?: Partial<Judged>;
  /**
   * Asked after every batch: true ends the search for a better model. What was judged best by then is given, its test images
   * still evaluated. Never by default.
   */
  readonly timeIsOver?: () => boolean;
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
  /** How the ranges of activations were chosen. */
  readonly method: CalibrationMethod;
  /** Epochs of fine-tuning that were done and judged. */
  readonly fineTuneEpochs: number;
  /** Whether time was over before all was tried. */
  readonly cutShort: boolean;
  /** Of the given model. */
  readonly float: Judged;
  /** Of the quantised one. */
  readonly int8: Judged;
  /** Layers that stay in float by the options, and by the bound on the accuracy. */
  readonly keptFloat: readonly string[];
  /** Most sensitive first; null unless they were asked for, and time was left for them. */
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
 * @throws NOT_QUANTISABLE when the model has another form or nothing to quantise, or time is over before there is
 *   anything; CALIBRATION when it gives a value that is not finite; MODEL_LOAD; NO_GRADIENT, SHAPE, DIVERGED from the
 *   fine-tuning; USAGE when its outputs are not the data's classes; what the signal was aborted with
 */
export async function quantiseClassifier(request: QuantiseClassifierRequest): Promise<QuantisedClassifier> {
  const { model, dataset, options, threads, maxDrop } = request;
  const clock = new AbortController();
  const { signal: over } = clock;
  const look = (): void => {
    if (!over.aborted && request.timeIsOver?.()) clock.abort();
  };
  const signal = request.signal === undefined ? over : AbortSignal.any([request.signal, over]);
  const tell = request.onProgress ?? (() => undefined);
  const progress: typeof tell = (phase, done) => {
    tell(phase, done);
    look();
  };
  const input = imageInput(model);
  const fixed = imageBatch(model.graph);
  const random = createRandom(request.seed);
  const evaluate = (m: OnnxModel, split: ImageSplit, until = signal): Promise<Evaluation> => {
    const running = { threads, signal: until, onBatch: look };
    return evaluateModel({ model: encodeModel(m), split, dataset, ...running });
  };

  progress('float accuracy', 0);
  const floatVal = request.float?.val ?? (await inTime(() => evaluate(model, dataset.val)));
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
  let calibration = await inTime(() =>
    calibrate(model, batches, {
      ...options,
      ...running,
      onProgress: (done) => progress('calibration', done),
    }),
  );
  const untuned = calibration;
  let best = await inTime(() => judged(calibration));

  const wanted = request.fineTuneEpochs ?? 0;
  const epochs = typeof wanted === 'number' ? wanted : wanted(floatVal.accuracy - best.evaluation.accuracy);
  let tunedEpochs = 0;
  if (epochs > 0)
    await asFarAsTime(() =>
      fineTune({
        calibration,
        options,
        dataset,
        augmentation: request.augmentation,
        epochs,
        ...(request.learningRate !== undefined && { learningRate: request.learningRate }),
        seed: `${request.seed}/fine-tuning`,
        ...running,
        onProgress: (done) => progress('fine-tuning', done),
        onEpoch: async (epoch, tuned) => {
          const result = await judged(tuned);
          tunedEpochs = epoch;
          // Of equals the later: it has seen more.
          if (result.evaluation.accuracy >= best.evaluation.accuracy) [best, calibration] = [result, tuned];
        },
      }),
    );
  let found = {
    ...best,
    keptFloat: [...(options.keepFloat ?? [])] as readonly string[],
    met: best.evaluation.accuracy >= least,
  };
  // A fine-tuned model whose layers go back to float need not get as good as the one before: that is tried as well.
  for (const from of new Set([calibration, untuned])) {
    if (found.met) break;
    await asFarAsTime(async () => {
      const order = await sensitivitiesOf(from);
      progress('mixed precision', 0);
      const evaluations = new Map<OnnxModel, Evaluation>();
      const judge = async (q: QuantisedModel): Promise<number> => {
        const evaluation = await evaluate(q.model, dataset.val);
        evaluations.set(q.model, evaluation);
        return evaluation.accuracy;
      };
      const { keptFloat, met, ...quantised } = await mixedPrecision(from, options, order, judge, least);
      const evaluation = evaluations.get(quantised.model)!;
      if (met || evaluation.accuracy > found.evaluation.accuracy)
        found = { quantised, evaluation, keptFloat, met };
    });
  }
  let sensitivities: readonly LayerSensitivity[] | null = null;
  if (request.sensitivity)
    await asFarAsTime(async () => {
      sensitivities = await sensitivitiesOf(calibration);
    });
  progress('test', 0);
  // Of the one that is there, whatever the clock says.
  const testOf = async (m: OnnxModel): Promise<Evaluation | null> =>
    dataset.test === null ? null : evaluate(m, dataset.test, request.signal ?? new AbortController().signal);
  const { quantised, evaluation, keptFloat, met } = found;
  const { test: floatTest = await testOf(model) } = request.float ?? {};
  return {
    model: { ...quantised.model, metadata: model.metadata },
    layers: quantised.layers,
    method: calibration.method,
    keptFloat,
    met,
    fineTuneEpochs: tunedEpochs,
    cutShort: over.aborted,
    sensitivities,
    float: { val: floatVal, test: floatTest },
    int8: { val: evaluation, test: await testOf(quantised.model) },
  };

  /** @throws NOT_QUANTISABLE when time is over before it is done */
  async function inTime<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!over.aborted || request.signal?.aborted) throw error;
      return fail(
        'NOT_QUANTISABLE',
        { reason: 'the time was over before it was calibrated and judged' },
        error,
      );
    }
  }

  async function asFarAsTime(work: () => Promise<unknown>): Promise<void> {
    if (over.aborted) return;
    try {
      await work();
    } catch (error) {
      if (!over.aborted || request.signal?.aborted) throw error;
    }
  }

  function sensitivitiesOf(from: Calibration): Promise<readonly LayerSensitivity[]> {
    const observing = { ...running, onProgress: (done: number) => progress('sensitivity', done) };
    return layerSensitivities(from, batches.slice(0, 2), options, observing);
  }

  async function judged(
    from: Calibration,
  ): Promise<{ readonly quantised: QuantisedModel; readonly evaluation: Evaluation }> {
    const quantised = quantiseCalibrated(from, options);
    return { quantised, evaluation: await evaluate(quantised.model, dataset.val) };
  }
}
