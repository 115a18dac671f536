/** One trained network in 8 bits, made in several ways, each judged on the same images. */
import { readFileSync } from 'node:fs';
import type { ImageDataset } from '../../src/data/dataset.ts';
import { suitableAugmentation } from '../../src/data/suitable-augmentation.ts';
import { decodeModel } from '../../src/onnx/decode.ts';
import { encodeModel } from '../../src/onnx/encode.ts';
import { modelCost } from '../../src/onnx/model-layers.ts';
import { calibrationBatches } from '../../src/quantisation/calibration/batches.ts';
import { type Judged, quantiseClassifier } from '../../src/quantisation/classifier.ts';
import {
  compareLatency,
  type LatencyComparison,
  processorMs,
} from '../../src/quantisation/compare-latency.ts';
import { minMaxPerTensor } from '../../src/quantisation/testing/min-max-per-tensor.ts';
import { type OrtMethod, ortQuantise } from '../../src/quantisation/testing/ort-quantiser.ts';
import { createRandom } from '../../src/random.ts';
import { datasetFor } from '../../src/search/model-input.ts';
import { readMetadata } from '../../src/search/model-metadata.ts';
import { exampleOf } from '../../src/search/verify/example.ts';
import { pairedChange } from '../../src/task/paired-change.ts';
import { type Evaluation, evaluateModel } from '../../src/train/evaluate.ts';

export const WAYS = [
  'post-training',
  'fine-tuned',
  'min-max, one scale a tensor',
  'ONNX Runtime MinMax',
  'ONNX Runtime Entropy',
] as const;
export type WayName = (typeof WAYS)[number];

/** A model in 8 bits on the images that the float model was judged on. */
export interface Way {
  readonly way: WayName;
  readonly valAccuracy: number;
  readonly testAccuracy: number | null;
  /** Percentage points of accuracy on the test images (without them, on the validation images) below the float model's. */
  readonly lostPoints: number;
  /** 95 %, by the images on which the two models differ (`src/task/paired-change.ts`). */
  readonly lostInterval: readonly [number, number];
  /** How many times as fast as the float model, one thread, in processor time. */
  readonly speedUp: LatencyComparison;
}

export interface AccuracyRow {
  readonly data: string;
  readonly network: string;
  /** Multiply-accumulates of an image. */
  readonly macs: number | null;
  readonly valImages: number;
  readonly testImages: number;
  readonly floatVal: number;
  readonly floatTest: number | null;
  readonly ways: readonly Way[];
}

export interface AccuracyRequest {
  /** A file that Espalier wrote. */
  readonly path: string;
  readonly network: string;
  readonly data: string;
  readonly dataset: ImageDataset;
  readonly fineTuneEpochs: number;
  readonly calibrationImages: number;
  readonly seed: number;
  readonly threads: number;
  /** With ONNX Runtime's quantiser; null: there is none. */
  readonly python: string | null;
}

const CALIBRATION_BATCH = 32;

export async function accuracyRow(request: AccuracyRequest): Promise<AccuracyRow> {
  const { path, threads, seed, python, calibrationImages } = request;
  const model = decodeModel(readFileSync(path));
  const metadata = readMetadata(model, path);
  const dataset = datasetFor(request.dataset, metadata.preprocessing, metadata.labels, path);
  const feeds = { [model.graph.inputs[0]!.name]: exampleOf(metadata) };
  const bytes = encodeModel(model);
  const quantised = (fineTuneEpochs: number) =>
    quantiseClassifier({
      model,
      dataset,
      options: {},
      calibrationImages,
      fineTuneEpochs,
      augmentation: suitableAugmentation(dataset),
      maxDrop: null,
      threads,
      seed: String(seed),
    });
  const batches = calibrationBatches(dataset, {
    input: model.graph.inputs[0]!.name,
    images: calibrationImages,
    batch: CALIBRATION_BATCH,
    random: createRandom(seed),
  });

  const plain = await quantised(0);
  const { float } = plain;
  const wayOf = (way: WayName, { val, test }: Judged, speedUp: LatencyComparison): Way => {
    const { change, interval } =
      float.test !== null && test !== null
        ? pairedChange(float.test.right, test.right)
        : pairedChange(float.val.right, val.right);
    return {
      way,
      valAccuracy: val.accuracy,
      testAccuracy: test?.accuracy ?? null,
      lostPoints: -100 * change,
      lostInterval: [-100 * interval[1], -100 * interval[0]],
      speedUp,
    };
  };
  const timed = (other: Uint8Array): Promise<LatencyComparison> =>
    compareLatency([bytes, other], feeds, { threads: 1, clock: processorMs });
  const judged = async (way: WayName, other: Uint8Array): Promise<Way> => {
    const on = (split: ImageDataset['val']): Promise<Evaluation> =>
      evaluateModel({ model: other, split, dataset, threads });
    const test = dataset.test === null ? null : await on(dataset.test);
    return wayOf(way, { val: await on(dataset.val), test }, await timed(other));
  };
  const own = async (way: WayName, { int8, model: found }: typeof plain): Promise<Way> =>
    wayOf(way, int8, await timed(encodeModel(found)));

  const ways = [await own('post-training', plain)];
  if (request.fineTuneEpochs > 0) ways.push(await own('fine-tuned', await quantised(request.fineTuneEpochs)));
  ways.push(
    await judged(
      'min-max, one scale a tensor',
      encodeModel(await minMaxPerTensor(model, batches, { threads })),
    ),
  );
  if (python !== null)
    for (const method of ['MinMax', 'Entropy'] as const satisfies readonly OrtMethod[])
      ways.push(await judged(`ONNX Runtime ${method}`, ortQuantise(python, bytes, batches, method)));
  return {
    data: request.data,
    network: request.network,
    macs: modelCost(model).macs,
    valImages: dataset.val.count,
    testImages: dataset.test?.count ?? 0,
    floatVal: float.val.accuracy,
    floatTest: float.test?.accuracy ?? null,
    ways,
  };
}
