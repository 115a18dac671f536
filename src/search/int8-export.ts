/** A trained network in 8 bits beside the float one: quantised, judged on the same images, timed against it. */
import type { ImageDataset } from '../data/dataset.ts';
import { type ErrorCode, EspalierError } from '../errors.ts';
import { encodeModel } from '../onnx/encode.ts';
import type { OnnxModel, Tensor } from '../onnx/model.ts';
import { type QuantisedClassifier, quantiseClassifier } from '../quantisation/classifier.ts';
import { compareLatency } from '../quantisation/compare-latency.ts';
import { floatLayers, unmergedLayers } from '../quantisation/float-layers.ts';
import { inspectKernels } from '../quantisation/kernels.ts';
import type { OnEvent } from './events.ts';
import { accuracyEntry, measuredLatency, speedUpEntry } from './model-figures.ts';
import type { AccuracyEntry, LatencyEntry, QuantisationEntry } from './model-metadata.ts';
import type { SearchOptions } from './options.ts';
import { augmentationOf } from './read-data.ts';

/** A loss of validation accuracy above this is worth fine-tuning (0..1). */
const TOLERATED_DROP = 0.001;
export const FINE_TUNE_EPOCHS = 2;

export interface Int8Export {
  readonly model: OnnxModel;
  readonly accuracy: AccuracyEntry;
  readonly latency: LatencyEntry;
  readonly quantisation: QuantisationEntry;
}

export interface Int8Request {
  readonly trial: number;
  /** The float model, for a batch of any size. */
  readonly model: OnnxModel;
  /** One image. */
  readonly feeds: Readonly<Record<string, Tensor>>;
  /** What the reference kernel takes on this machine at its best, milliseconds. */
  readonly referenceMs: number;
  readonly dataset: ImageDataset;
  readonly options: SearchOptions;
  readonly threads: number;
  /** Whether there is time for fine-tuning, once plain quantisation has taken so many seconds. */
  readonly timeToTune: (plainSeconds: number) => boolean;
  readonly signal: AbortSignal;
  readonly onEvent: OnEvent;
}

/** What may be wrong with one network, and leaves the float one as good as it is. */
const OWN_FAULTS: ReadonlySet<ErrorCode> = new Set([
  'NOT_QUANTISABLE',
  'CALIBRATION',
  'DIVERGED',
  'MODEL_LOAD',
]);

/**
 * Fine-tunes only where plain quantisation loses more than a tenth of a point.
 * @returns null, with a warning, where the network cannot be quantised
 * @throws what the signal was aborted with; any error that is not the network's
 */
export async function exportInt8(request: Int8Request): Promise<Int8Export | null> {
  try {
    return await quantised(request);
  } catch (error) {
    if (!(error instanceof EspalierError) || !OWN_FAULTS.has(error.code)) throw error;
    warn(request, `trial ${request.trial} is there in float only: ${error.message}`);
    return null;
  }
}

async function quantised(request: Int8Request): Promise<Int8Export> {
  const { trial, model, feeds, dataset, options, signal } = request;
  const { found, tuned } = await withinBound(request);
  const bytes = encodeModel(found.model);
  const unmerged = unmergedLayers(found.layers, await inspectKernels(bytes));
  if (unmerged.length > 0)
    warn(
      request,
      `trial ${trial}: ONNX Runtime computes layers in float although they are quantised: ${unmerged.join(', ')}`,
    );
  const running = { threads: options.latencyThreads, signal };
  return {
    model: found.model,
    accuracy: accuracyEntry(dataset, {
      val: found.int8.val.accuracy,
      test: found.int8.test?.accuracy ?? null,
    }),
    latency: await measuredLatency(bytes, feeds, {
      ...running,
      referenceMs: request.referenceMs,
      onDoubt: (doubt) => warn(request, `trial ${trial} in 8 bits: ${doubt}`),
    }),
    quantisation: {
      target: 'onnxruntime',
      fineTuneEpochs: tuned ? FINE_TUNE_EPOCHS : 0,
      keptFloat: [...found.keptFloat],
      floatLayers: floatLayers(found.layers, unmerged),
      speedUp: speedUpEntry(await compareLatency([encodeModel(model), bytes], feeds, running)),
    },
  };
}

/** Plain quantisation, and what it takes beyond that to lose little. */
async function withinBound(
  request: Int8Request,
): Promise<{ readonly found: QuantisedClassifier; readonly tuned: boolean }> {
  const { trial, model, dataset, options, threads, signal, timeToTune } = request;
  const bound = options.maxDropPoints === null ? null : options.maxDropPoints / 100;
  const attempt = (fineTuneEpochs: number, maxDrop: number | null): Promise<QuantisedClassifier> =>
    quantiseClassifier({
      model,
      dataset,
      options: {},
      fineTuneEpochs,
      augmentation: augmentationOf(dataset, options),
      maxDrop,
      threads,
      seed: `${options.seed}/int8`,
      signal,
    });
  const began = Date.now();
  const plain = await attempt(0, null);
  const drop = plain.float.val.accuracy - plain.int8.val.accuracy;
  if (drop <= Math.min(TOLERATED_DROP, bound ?? TOLERATED_DROP)) return { found: plain, tuned: false };
  const tuned = timeToTune((Date.now() - began) / 1000);
  if (!tuned && (bound === null || drop <= bound)) return { found: plain, tuned };
  const found = await attempt(tuned ? FINE_TUNE_EPOCHS : 0, bound);
  if (!found.met)
    warn(
      request,
      `trial ${trial} loses more than --max-drop ${options.maxDropPoints} in 8 bits, whatever stays in float`,
    );
  return { found, tuned };
}

const warn = ({ onEvent }: Int8Request, message: string): void => onEvent({ event: 'warning', message });
