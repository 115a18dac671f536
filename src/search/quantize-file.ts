/** `espalier quantize`: a model file and a data set become a quantised model file and what is to be said about it. */
import { readFile } from 'node:fs/promises';
import type { Normalisation } from '../data/dataset.ts';
import { loadImageDataset } from '../data/load.ts';
import { suitableAugmentation } from '../data/suitable-augmentation.ts';
import { fail } from '../errors.ts';
import { decodeModel } from '../onnx/decode.ts';
import type { OnnxModel } from '../onnx/model.ts';
import { sealModel } from '../onnx/seal.ts';
import { imageInput, type Judged, quantiseClassifier } from '../quantisation/classifier.ts';
import { compareLatency, type LatencyComparison } from '../quantisation/compare-latency.ts';
import { inspectKernels, type KernelReport } from '../quantisation/kernels.ts';
import type { QuantisedLayer, QuantiseOptions } from '../quantisation/quantise.ts';
import { createSession } from '../runtime/session.ts';
import { writeWhole } from './export-model.ts';
import { datasetFor, usualNormalisation } from './model-input.ts';
import { type ModelMetadata, readMetadata } from './model-metadata.ts';

export interface QuantizeFileRequest {
  readonly path: string;
  readonly out: string;
  /** As for a search. */
  readonly data: string;
  readonly options: QuantiseOptions;
  readonly fineTuneEpochs: number;
  readonly learningRate: number | null;
  /** 0..1 */
  readonly maxDrop: number | null;
  readonly calibrationImages: number;
  /** Null: what the model says of itself, or what is usual. */
  readonly mean: readonly number[] | null;
  readonly std: readonly number[] | null;
  readonly labels: readonly string[] | null;
  readonly seed: number | string | null;
  readonly threads: number;
  readonly latencyThreads: number;
  readonly signal: AbortSignal;
  readonly onProgress: (phase: string, done: number) => void;
}

interface Side {
  readonly valAccuracy: number;
  readonly testAccuracy: number | null;
  readonly testCount: number;
  readonly bytes: number;
}

export interface QuantizeReport {
  readonly model: string;
  readonly out: string;
  readonly float: Side;
  readonly int8: Side;
  /** `first` is the float model. */
  readonly latency: LatencyComparison;
  readonly kernels: KernelReport;
  readonly layers: readonly QuantisedLayer[];
  readonly keptFloat: readonly string[];
  readonly warnings: readonly string[];
}

/** Accuracies of no more than this many times chance say that the images are not what the model expects. */
const NEAR_CHANCE = 1.5;

/** Like `readMetadata`, but null for a model that Espalier did not make. */
const ownMetadata = (model: OnnxModel, path: string): ModelMetadata | null =>
  'espalier.labels' in model.metadata ? readMetadata(model, path) : null;

/** @throws ONNX_READ, NOT_QUANTISABLE, MODEL_METADATA, MODEL_LABELS, the errors of reading data */
export async function quantizeFile(request: QuantizeFileRequest): Promise<QuantizeReport> {
  const { path, options, signal, onProgress } = request;
  const bytes = await readFile(path).catch((cause: NodeJS.ErrnoException) =>
    fail(
      'ONNX_READ',
      { path, reason: cause.code === 'ENOENT' ? 'there is no such file' : cause.message },
      cause,
    ),
  );
  const model = decodeModel(bytes, path);
  const metadata = ownMetadata(model, path);
  const input = imageInput(model);
  const [, channels, height, width] = input.shape;
  if (channels !== 1 && channels !== 3)
    fail('NOT_QUANTISABLE', { reason: `its input has ${channels} channels, not 1 or 3` });
  const { dataset: raw } = await loadImageDataset(request.data, {
    seed: request.seed ?? metadata?.seed ?? 1,
    signal,
    channels: channels as 1 | 3,
    ...(typeof height === 'number' && height === width && { imageSize: height }),
    onProgress: (done, total) => onProgress('reading images', done / total),
  });
  for (const [own, its, what] of [
    [raw.height, height, 'high'],
    [raw.width, width, 'wide'],
  ] as const)
    if (typeof its === 'number' && own !== its)
      fail('NOT_QUANTISABLE', { reason: `it takes images ${its} pixels ${what}, and the data's are ${own}` });
  const { normalisation, guessed } = normalisationOf(request, metadata, channels as 1 | 3);
  const labels = request.labels ?? metadata?.labels ?? null;
  const dataset = datasetFor(raw, normalisation, labels, path);
  const outputs = await outputCount(bytes);
  if (outputs !== null && outputs !== dataset.classes.length)
    fail('MODEL_LABELS', {
      path,
      reason: `the model has ${outputs} outputs, and there are ${dataset.classes.length} classes`,
    });

  const found = await quantiseClassifier({
    model,
    dataset,
    options,
    calibrationImages: request.calibrationImages,
    fineTuneEpochs: request.fineTuneEpochs,
    ...(request.learningRate !== null && { learningRate: request.learningRate }),
    augmentation: suitableAugmentation(dataset),
    maxDrop: request.maxDrop,
    threads: request.threads,
    seed: String(request.seed ?? metadata?.seed ?? 1),
    signal,
    onProgress,
  });
  const side = ({ val, test }: Judged, size: number): Side => ({
    valAccuracy: val.accuracy,
    testAccuracy: test?.accuracy ?? null,
    testCount: test === null ? 0 : (dataset.test?.count ?? 0),
    bytes: size,
  });
  const note = {
    target: options.target ?? 'onnxruntime',
    method: options.method ?? 'mse',
    fineTuneEpochs: request.fineTuneEpochs,
    keptFloat: found.keptFloat,
    float: { val: found.float.val.accuracy, test: found.float.test?.accuracy ?? null },
    int8: { val: found.int8.val.accuracy, test: found.int8.test?.accuracy ?? null },
  };
  const quantised = sealModel({
    ...found.model,
    metadata: { ...found.model.metadata, 'espalier.quantisation': JSON.stringify(note) },
  });
  await writeWhole(request.out, quantised);
  onProgress('latency', 0);
  const kernels = await inspectKernels(quantised);
  const batch = typeof input.shape[0] === 'number' ? input.shape[0] : 1;
  const shape = [batch, dataset.channels, dataset.height, dataset.width];
  const data = new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(0.5);
  const latency = await compareLatency(
    [bytes, quantised],
    { [input.name]: { dtype: 'float32', shape, data } },
    { threads: request.latencyThreads, signal },
  );
  const unmerged = plannedProducts(found.layers) - integerProducts(kernels);
  const chance = NEAR_CHANCE / dataset.classes.length;
  const warnings = [
    ...(guessed
      ? ['the model does not say how its images are normalised; --mean and --std were taken as usual']
      : []),
    ...(found.float.val.accuracy < chance
      ? ['the float model is hardly better than chance: check --mean, --std and --labels']
      : []),
    ...(unmerged > 0 && (options.target ?? 'onnxruntime') === 'onnxruntime'
      ? [`ONNX Runtime computes ${unmerged} of the layers in float although they are quantised`]
      : []),
    ...(found.met
      ? []
      : ['the loss of accuracy is above --max-drop whatever stays in float; try --fine-tune']),
  ];
  return {
    model: path,
    out: request.out,
    float: side(found.float, bytes.length),
    int8: side(found.int8, quantised.length),
    latency,
    kernels,
    layers: found.layers,
    keptFloat: found.keptFloat,
    warnings,
  };
}

const PRODUCTS: ReadonlySet<string> = new Set(['Conv', 'Gemm', 'MatMul']);
const plannedProducts = (layers: readonly QuantisedLayer[]): number =>
  layers.filter((layer) => layer.integer && PRODUCTS.has(layer.op)).length;
const integerProducts = ({ integer }: KernelReport): number =>
  ['QLinearConv', 'QGemm', 'QLinearMatMul', 'MatMulIntegerToFloat'].reduce(
    (sum, op) => sum + (integer[op] ?? 0),
    0,
  );

function normalisationOf(
  { mean, std }: Pick<QuantizeFileRequest, 'mean' | 'std'>,
  metadata: ModelMetadata | null,
  channels: 1 | 3,
): { readonly normalisation: Normalisation; readonly guessed: boolean } {
  const base = metadata?.preprocessing ?? usualNormalisation(channels);
  const normalisation = { mean: mean ?? base.mean, std: std ?? base.std };
  for (const [flag, list] of [
    ['--mean', normalisation.mean],
    ['--std', normalisation.std],
  ] as const)
    if (list.length !== channels)
      fail('USAGE', {
        what: `${flag} has ${list.length} numbers, and the model ${channels} channels`,
        hint: `Give ${flag} a number for each channel, with commas between them.`,
      });
  return { normalisation, guessed: metadata === null && (mean === null || std === null) };
}

/** How many outputs the model has for each image; null where it does not tell. */
async function outputCount(bytes: Uint8Array): Promise<number | null> {
  const session = await createSession(bytes);
  try {
    const last = session.outputShape(session.outputNames[0]!).at(-1);
    return typeof last === 'number' && last > 0 ? last : null;
  } finally {
    await session.release();
  }
}
