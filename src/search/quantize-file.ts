import { resolve } from 'node:path';
import type { ImageDataset, Normalisation } from '../data/dataset.ts';
import { loadImageDataset } from '../data/load.ts';
import { suitableAugmentation } from '../data/suitable-augmentation.ts';
import { checkPlace, writeWhole } from '../disk.ts';
import { fail } from '../errors.ts';
import { didYouMean } from '../nearest.ts';
import { encodeModel } from '../onnx/encode.ts';
import { imageBatch } from '../onnx/image-batch.ts';
import type { OnnxModel } from '../onnx/model.ts';
import { readModelFile } from '../onnx/read-file.ts';
import { inScope } from '../onnx/scope.ts';
import { sealModel } from '../onnx/seal.ts';
import { imageInput, type Judged, quantiseClassifier } from '../quantisation/classifier.ts';
import { compareLatency, type LatencyComparison } from '../quantisation/compare-latency.ts';
import { floatLayers, unmergedLayers } from '../quantisation/float-layers.ts';
import { inspectKernels, type KernelReport } from '../quantisation/kernels.ts';
import type { FloatLayer } from '../quantisation/plan.ts';
import { demandFloat, type QuantisedLayer, type QuantiseOptions } from '../quantisation/quantise.ts';
import type { LayerSensitivity } from '../quantisation/sensitivity.ts';
import { createSession } from '../runtime/session.ts';
import { type PairedChange, pairedChange } from '../task/paired-change.ts';
import { VERSION } from '../version.ts';
import { withMetadata } from './export-model.ts';
import { accuracyEntry, measuredLatency, preprocessingOf, speedUpEntry } from './model-figures.ts';
import { datasetFor, usualNormalisation } from './model-input.ts';
import {
  type AccuracyEntry,
  type LatencyEntry,
  type ModelMetadata,
  ownMetadata,
  type QuantisationEntry,
} from './model-metadata.ts';

export interface QuantizeFileRequest {
  readonly path: string;
  readonly out: string;
  /** Whether a file there may be replaced. */
  readonly overwrite: boolean;
  /** As for a search. */
  readonly data: string;
  readonly options: QuantiseOptions;
  readonly fineTuneEpochs: number;
  readonly learningRate: number | null;
  /** 0..1 */
  readonly maxDrop: number | null;
  readonly calibrationImages: number;
  /** Whether the report is to have the sensitivity of each layer. */
  readonly sensitivity: boolean;
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
  readonly valCount: number;
  /** 95 % (Wilson 1927). */
  readonly valInterval: readonly [number, number];
  readonly testAccuracy: number | null;
  readonly testCount: number;
  readonly testInterval: readonly [number, number] | null;
  readonly latency: LatencyEntry;
  readonly bytes: number;
}

export interface QuantizeReport {
  readonly model: string;
  readonly out: string;
  readonly float: Side;
  readonly int8: Side;
  /** Of accuracy, from float to 8 bits, by the images on which the two differ. */
  readonly change: { readonly val: PairedChange; readonly test: PairedChange | null };
  /** `first` is the float model. */
  readonly latency: LatencyComparison;
  readonly kernels: KernelReport;
  readonly layers: readonly QuantisedLayer[];
  readonly keptFloat: readonly string[];
  /** All that compute in float in the end, and why. */
  readonly floatLayers: readonly FloatLayer[];
  /** Most sensitive first; null unless they were asked for. */
  readonly sensitivities: readonly LayerSensitivity[] | null;
  readonly warnings: readonly string[];
}

/** Accuracies of no more than this many times chance say that the images are not what the model expects. */
const NEAR_CHANCE = 1.5;

/** @throws USAGE, STORAGE, FILE_EXISTS, MODEL_MISSING, ONNX_READ, NOT_QUANTISABLE, MODEL_METADATA, MODEL_LABELS, the errors of reading data */
export async function quantizeFile(request: QuantizeFileRequest): Promise<QuantizeReport> {
  const { path, options, signal, onProgress } = request;
  if (resolve(request.out) === resolve(path))
    fail('USAGE', {
      what: `--out ${request.out}: that is the model in float itself`,
      hint: 'Give another name: the float model is still wanted to fine-tune, and to compare with.',
    });
  checkPlace({ path: request.out, overwrite: request.overwrite });
  const { model, bytes } = await readModelFile(path);
  demandFloat(model);
  demandLayers(model, options.keepFloat ?? new Set());
  const metadata = ownMetadata(model, path);
  const seed = request.seed ?? metadata?.seed ?? 1;
  const input = imageInput(model);
  const [, channels, height, width] = input.shape;
  if (channels !== 1 && channels !== 3)
    fail('NOT_QUANTISABLE', { reason: `its input has ${channels} channels, not 1 or 3` });
  const { dataset: raw } = await loadImageDataset(request.data, {
    seed,
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
    sensitivity: request.sensitivity,
    threads: request.threads,
    seed: String(seed),
    signal,
    onProgress,
  });
  onProgress('latency', 0);
  const plain = encodeModel(found.model);
  const kernels = await inspectKernels(plain);
  const target = options.target ?? 'onnxruntime';
  // What TensorRT merges cannot be seen here.
  const unmerged = target === 'onnxruntime' ? unmergedLayers(found.layers, kernels) : [];
  const stayed = floatLayers(found.layers, unmerged);
  const batch = imageBatch(model.graph) ?? 1;
  const shape = [batch, dataset.channels, dataset.height, dataset.width];
  const data = new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(0.5);
  const feeds = { [input.name]: { dtype: 'float32', shape, data } } as const;
  const running = { threads: request.latencyThreads, signal };
  const timed = async (file: Uint8Array): Promise<LatencyEntry> => ({
    ...(await measuredLatency(file, feeds, running)),
    ...(batch !== 1 && { batch }),
  });
  const entries = {
    accuracy: { float: judgedEntry(dataset, found.float), int8: judgedEntry(dataset, found.int8) },
    latency: { float: await timed(bytes), int8: await timed(plain) },
  };
  const latency = await compareLatency([bytes, plain], feeds, running);
  const quantisation: QuantisationEntry = {
    target,
    method: found.method,
    fineTuneEpochs: request.fineTuneEpochs,
    keptFloat: [...found.keptFloat],
    floatLayers: stayed,
    speedUp: speedUpEntry(latency),
  };
  const quantised = sealModel(
    withMetadata(found.model, {
      ...metadata,
      ...(metadata?.devices && { devices: withoutInt8(metadata.devices) }),
      labels: [...dataset.classes],
      preprocessing: preprocessingOf(dataset, normalisation),
      precision: 'int8',
      version: VERSION,
      seed,
      data: dataset.fingerprint,
      ...entries,
      quantisation,
    }),
  );
  await writeWhole(request.out, quantised);
  const side = (precision: 'float' | 'int8', size: number): Side => {
    const { val, valCount, valInterval, test, testCount, testInterval } = entries.accuracy[precision];
    return {
      valAccuracy: val,
      valCount: valCount!,
      valInterval: valInterval!,
      testAccuracy: test,
      testCount,
      testInterval,
      latency: entries.latency[precision],
      bytes: size,
    };
  };
  const chance = NEAR_CHANCE / dataset.classes.length;
  const warnings = [
    ...(guessed
      ? ['the model does not say how its images are normalised; --mean and --std were taken as usual']
      : []),
    ...(found.float.val.accuracy < chance
      ? ['the float model is hardly better than chance: check --mean, --std and --labels']
      : []),
    ...(unmerged.length > 0
      ? [`ONNX Runtime computes layers in float although they are quantised: ${unmerged.join(', ')}`]
      : []),
    ...(entries.latency.float.trusted === false || entries.latency.int8.trusted === false
      ? ['the latencies are in doubt: the machine was slow or not steady meanwhile']
      : []),
    ...(found.met
      ? []
      : ['the loss of accuracy is above --max-drop whatever stays in float; try --fine-tune']),
  ];
  return {
    model: path,
    out: request.out,
    float: side('float', bytes.length),
    int8: side('int8', quantised.length),
    change: {
      val: pairedChange(found.float.val.right, found.int8.val.right),
      test:
        found.float.test && found.int8.test && pairedChange(found.float.test.right, found.int8.test.right),
    },
    latency,
    kernels,
    layers: found.layers,
    keptFloat: found.keptFloat,
    floatLayers: stayed,
    sensitivities: found.sensitivities,
    warnings,
  };
}

const judgedEntry = (dataset: ImageDataset, { val, test }: Judged): AccuracyEntry =>
  accuracyEntry(dataset, { val: val.accuracy, test: test?.accuracy ?? null });

/** Latencies in 8 bits on other devices are of the model that the search quantised. */
const withoutInt8 = (devices: NonNullable<ModelMetadata['devices']>): ModelMetadata['devices'] & {} =>
  Object.fromEntries(Object.entries(devices).map(([name, { int8: _, ...entry }]) => [name, entry]));

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

/** A name that no layer or scope has would be passed over in silence. */
function demandLayers({ graph }: OnnxModel, names: ReadonlySet<string>): void {
  const layers = graph.nodes.map((n) => n.name);
  for (const name of names)
    if (!layers.some((layer) => inScope(layer, new Set([name]))))
      fail('USAGE', {
        what: `The model has no layer or scope "${name}" to keep in float`,
        hint: `${didYouMean(name, layers)} \`espalier inspect\` lists the layers.`.trim(),
      });
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
