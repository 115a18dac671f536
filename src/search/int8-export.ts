/** A trained network in 8 bits beside the float one: quantised, judged on the same images, timed against it. */
import type { ImageDataset } from '../data/dataset.ts';
import { type ErrorCode, EspalierError } from '../errors.ts';
import { encodeModel } from '../onnx/encode.ts';
import type { OnnxModel, Tensor } from '../onnx/model.ts';
import { type Judged, type QuantisedClassifier, quantiseClassifier } from '../quantisation/classifier.ts';
import { compareLatency } from '../quantisation/compare-latency.ts';
import { floatLayers, unmergedLayers } from '../quantisation/float-layers.ts';
import { inspectKernels } from '../quantisation/kernels.ts';
import type { OnEvent } from './events.ts';
import { FINE_TUNE_EPOCHS, type Int8Clock } from './int8-time.ts';
import { accuracyEntry, measuredLatency, speedUpEntry } from './model-figures.ts';
import type { AccuracyEntry, LatencyEntry, QuantisationEntry } from './model-metadata.ts';
import type { SearchOptions } from './options.ts';
import { augmentationOf } from './read-data.ts';

/** A loss of validation accuracy above this is worth fine-tuning (0..1). */
const TOLERATED_DROP = 0.001;

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
  /** The float model's evaluations, which need not be repeated. */
  readonly float?: Partial<Judged>;
  readonly clock: Int8Clock;
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
  const found = await withinBound(request);
  const bytes = encodeModel(found.model);
  const unmerged = unmergedLayers(found.layers, await inspectKernels(bytes));
  if (unmerged.length > 0)
    warn(
      request,
      `trial ${trial}: ONNX Runtime computes layers in float although they are quantised: ${unmerged.join(', ')}`,
    );
  const running = {
    threads: options.latencyThreads,
    maxSeconds: request.clock.timingSeconds(),
    signal,
  };
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
      fineTuneEpochs: found.fineTuneEpochs,
      keptFloat: [...found.keptFloat],
      floatLayers: floatLayers(found.layers, unmerged),
      speedUp: speedUpEntry(await compareLatency([encodeModel(model), bytes], feeds, running)),
    },
  };
}

/** Plain quantisation, and what it takes beyond that to lose little, as far as there is time. */
async function withinBound(request: Int8Request): Promise<QuantisedClassifier> {
  const { trial, model, dataset, options, threads, signal, float, clock } = request;
  const bound = options.maxDropPoints === null ? null : options.maxDropPoints / 100;
  const found = await quantiseClassifier({
    model,
    dataset,
    options: {},
    fineTuneEpochs: (drop) =>
      drop > Math.min(TOLERATED_DROP, bound ?? TOLERATED_DROP) && clock.timeToTune() ? FINE_TUNE_EPOCHS : 0,
    augmentation: augmentationOf(dataset, options),
    maxDrop: bound,
    ...(float !== undefined && { float }),
    timeIsOver: clock.over,
    threads,
    seed: `${options.seed}/int8`,
    signal,
  });
  if (!found.met)
    warn(
      request,
      found.cutShort
        ? `trial ${trial} loses more than --max-drop ${options.maxDropPoints} in 8 bits, and the time was over before anything helped`
        : `trial ${trial} loses more than --max-drop ${options.maxDropPoints} in 8 bits, whatever stays in float`,
    );
  return found;
}

const warn = ({ onEvent }: Int8Request, message: string): void => onEvent({ event: 'warning', message });
