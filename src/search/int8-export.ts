/** The winner in 8 bits beside the float one: quantised, judged on the same images, timed against it. */
import type { ImageDataset } from '../data/dataset.ts';
import { encodeModel } from '../onnx/encode.ts';
import type { OnnxModel } from '../onnx/model.ts';
import { sealModel } from '../onnx/seal.ts';
import { quantiseClassifier } from '../quantisation/classifier.ts';
import { compareLatency } from '../quantisation/compare-latency.ts';
import type { Measures } from '../study/trial.ts';
import { writeWhole } from './export-model.ts';
import type { SearchOptions } from './options.ts';
import { augmentationOf } from './read-data.ts';

/** A loss of validation accuracy above this is worth fine-tuning (0..1). */
const TOLERATED_DROP = 0.001;
const FINE_TUNE_EPOCHS = 2;

/**
 * Writes the quantised model to `path`. Fine-tunes only where plain quantisation loses more than a tenth of a point.
 * @param model the float model with its metadata, for a batch of any size
 * @returns int8ValAccuracy, int8TestAccuracy (where there are test images), int8LatencyMs, int8SizeBytes
 */
export async function exportInt8(request: {
  readonly path: string;
  readonly model: OnnxModel;
  readonly dataset: ImageDataset;
  readonly options: SearchOptions;
  readonly threads: number;
  readonly signal: AbortSignal;
}): Promise<Measures> {
  const { path, model, dataset, options, threads, signal } = request;
  const quantised = (fineTuneEpochs: number) =>
    quantiseClassifier({
      model,
      dataset,
      options: {},
      fineTuneEpochs,
      augmentation: augmentationOf(dataset, options),
      maxDrop: null,
      threads,
      seed: `${options.seed}/int8`,
      signal,
    });
  const plain = await quantised(0);
  const drop = plain.float.val.accuracy - plain.int8.val.accuracy;
  const found = drop > TOLERATED_DROP ? await quantised(FINE_TUNE_EPOCHS) : plain;
  const { val, test } = found.int8;
  const note = {
    target: 'onnxruntime',
    float: { val: found.float.val.accuracy, test: found.float.test?.accuracy ?? null },
    int8: { val: val.accuracy, test: test?.accuracy ?? null },
  };
  const bytes = sealModel({
    ...found.model,
    metadata: { ...found.model.metadata, 'espalier.quantisation': JSON.stringify(note) },
  });
  await writeWhole(path, bytes);
  const shape = [1, dataset.channels, dataset.height, dataset.width];
  const data = new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(0.5);
  const { secondMs } = await compareLatency(
    [encodeModel(model), bytes],
    { [model.graph.inputs[0]!.name]: { dtype: 'float32', shape, data } },
    { threads: options.latencyThreads, signal },
  );
  return {
    int8ValAccuracy: val.accuracy,
    ...(test !== null && { int8TestAccuracy: test.accuracy }),
    int8LatencyMs: secondMs,
    int8SizeBytes: bytes.byteLength,
  };
}
