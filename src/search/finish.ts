/** A fully trained network is tested once, quantised where it is asked for, timed, and written to its files. */
import { readFileSync, rmSync } from 'node:fs';
import { relative } from 'node:path';
import { peakMemoryOf } from '../device/measure-process.ts';
import { writeWhole } from '../disk.ts';
import { EspalierError } from '../errors.ts';
import type { JobOutcome } from '../execution/executor.ts';
import { deployedCost } from '../network/deployed-cost.ts';
import { encodeModel } from '../onnx/encode.ts';
import { sealModel } from '../onnx/seal.ts';
import type { Int8Figures, Winner } from '../report/data.ts';
import { spaceDigest } from '../space/digest.ts';
import type { Measures, Trial } from '../study/trial.ts';
import { evaluateNetwork } from '../train/evaluate.ts';
import type { Weights } from '../train/plan.ts';
import { decodeSafetensors } from '../train/safetensors.ts';
import { VERSION } from '../version.ts';
import type { SearchContext } from './context.ts';
import { deviceLatencyEntries, finalDeviceMeasures, wantsMemory } from './devices.ts';
import { exportedModel, withMetadata } from './export-model.ts';
import { finalInt8Work, finalNetwork } from './final-job.ts';
import { exportInt8, type Int8Export } from './int8-export.ts';
import { exportInt8Apart, type Int8Job, int8LimitSeconds, requestOf } from './int8-process.ts';
import { accuracyEntry, accuracyInterval, measuredLatency, preprocessingOf } from './model-figures.ts';
import { ioOf, type ModelMetadata } from './model-metadata.ts';
import { takeReference } from './reference-speed.ts';
import type { RunFolder } from './run-folder.ts';
import { exampleOf } from './verify/example.ts';

/**
 * @param folder where the network's files go
 * @param deadline when they must be there (milliseconds since the epoch); null: none
 */
export async function finish(
  request: Pick<SearchContext, 'options' | 'plan' | 'dataset' | 'space' | 'hooks' | 'watch' | 'storage'>,
  trial: Trial,
  outcome: JobOutcome,
  folder: RunFolder,
  deadline: number | null,
): Promise<Winner> {
  const { options, plan, dataset, space, hooks, watch } = request;
  const { onEvent, signal } = hooks;
  await watch.phase('test and export');
  const network = finalNetwork(request, trial);
  const weights: Weights = decodeSafetensors(readFileSync(folder.weights), folder.weights).tensors;
  const split = dataset.test ?? dataset.val;
  const evaluation = await evaluateNetwork({ network, weights, split, dataset, threads: plan.finalThreads });
  const test =
    dataset.test === null
      ? null
      : {
          accuracy: evaluation.accuracy,
          count: split.count,
          interval: accuracyInterval(evaluation.accuracy, split.count),
        };
  if (test !== null)
    onEvent({ event: 'tested', trial: trial.number, testAccuracy: test.accuracy, testCount: test.count });

  const preprocessing = preprocessingOf(dataset, dataset.normalisation);
  const feeds = { input: exampleOf({ preprocessing }) };
  const model = exportedModel(network, weights, null);
  const referenceMs = await takeReference(request.storage, options.latencyThreads);
  const latency = await measuredLatency(encodeModel(model), feeds, {
    threads: options.latencyThreads,
    referenceMs,
    signal,
    onDoubt: (doubt) => onEvent({ event: 'warning', message: `trial ${trial.number}: ${doubt}` }),
  });
  const int8 = options.int8
    ? await in8Bits(
        {
          trial: trial.number,
          model,
          feeds,
          referenceMs,
          dataset: folder.dataset,
          options,
          threads: plan.finalThreads,
          float: { test: dataset.test === null ? null : evaluation },
          work: finalInt8Work(request, trial),
          deadline,
        },
        request,
      )
    : null;
  const int8Bytes = int8 === null ? null : encodeModel(int8.model);
  const elsewhere = await finalDeviceMeasures(request, encodeModel(model), int8Bytes);
  const peakMemoryBytes = wantsMemory(options, null)
    ? await peakMemory(int8Bytes ?? encodeModel(model), request, trial)
    : null;

  const valAccuracy = outcome.measures.valAccuracy!;
  const shape = { labels: [...dataset.classes], preprocessing };
  const devices = await deviceLatencyEntries(request, elsewhere);
  const metadata: ModelMetadata = {
    ...shape,
    genome: trial.genome as NonNullable<ModelMetadata['genome']>,
    ...(trial.training !== undefined && {
      training: trial.training as NonNullable<ModelMetadata['training']>,
    }),
    space: space.name,
    spaceDigest: spaceDigest(space, ioOf(shape)),
    trial: trial.number,
    seed: options.seed,
    version: VERSION,
    data: dataset.fingerprint,
    cost: deployedCost(network),
    accuracy: {
      float: accuracyEntry(dataset, { val: valAccuracy, test: test?.accuracy ?? null }),
      ...(int8 !== null && { int8: int8.accuracy }),
    },
    latency: { float: latency, ...(int8 !== null && { int8: int8.latency }) },
    ...(devices !== null && { devices }),
    ...(int8 !== null && { quantisation: int8.quantisation }),
  };
  const bytes = sealModel(withMetadata(model, { ...metadata, precision: 'float' }));
  await writeWhole(folder.model, bytes);
  await writeWhole(
    folder.network,
    `${JSON.stringify({ space: space.name, genome: trial.genome, ...network }, null, 2)}\n`,
  );
  let int8Measures: Measures = {};
  // What an attempt that was interrupted has left would not be this network's; without --int8 it is the user's own.
  if (int8 === null && options.int8) rmSync(folder.int8Model, { force: true });
  if (int8 !== null) {
    const quantised = sealModel(withMetadata(int8.model, { ...metadata, precision: 'int8' }));
    await writeWhole(folder.int8Model, quantised);
    int8Measures = measuresIn8Bits(int8, quantised.byteLength);
  }

  return {
    trial: trial.number,
    genome: trial.genome,
    ...(trial.training !== undefined && { training: trial.training }),
    network,
    measures: {
      ...outcome.measures,
      sizeBytes: bytes.byteLength,
      latencyMs: latency.medianMs,
      latencyLowMs: latency.lowMs,
      latencyHighMs: latency.highMs,
      latencyTrusted: Number(latency.trusted),
      latencyDrift: latency.drift,
      ...(test !== null && { testAccuracy: test.accuracy }),
      ...(peakMemoryBytes !== null && { peakMemoryBytes }),
      ...int8Measures,
      ...elsewhere,
    },
    valInterval: accuracyInterval(valAccuracy, dataset.val.count),
    curve: outcome.curve,
    classes: dataset.classes,
    confusion: evaluation.confusion,
    test,
    model: { file: relative(options.out, folder.model), input: 'input', output: 'logits', preprocessing },
    int8: int8 === null ? null : figuresIn8Bits(int8, relative(options.out, folder.int8Model)),
  };
}

/** Where trials run: in a process of its own, or in this one. */
function in8Bits(
  job: Int8Job,
  { dataset, options, hooks }: Pick<SearchContext, 'dataset' | 'options' | 'hooks'>,
): Promise<Int8Export | null> {
  const { signal, onEvent } = hooks;
  if (options.executor === 'in-process') return exportInt8(requestOf(job, { dataset, signal, onEvent }));
  const secondsLeft = job.deadline === null ? null : (job.deadline - Date.now()) / 1000;
  return exportInt8Apart(job, { seconds: int8LimitSeconds(job.work, secondsLeft), signal, onEvent });
}

/** Null, with a warning, where it cannot be measured: the network is there all the same. */
async function peakMemory(
  model: Uint8Array,
  { options, hooks: { signal, onEvent } }: Pick<SearchContext, 'options' | 'hooks'>,
  { number }: Trial,
): Promise<number | null> {
  try {
    return await peakMemoryOf(model, { threads: options.latencyThreads, signal });
  } catch (error) {
    if (!(error instanceof EspalierError)) throw error;
    onEvent({ event: 'warning', message: `trial ${number}: ${error.message}` });
    return null;
  }
}

const measuresIn8Bits = ({ accuracy, latency }: Int8Export, sizeBytes: number): Measures => ({
  int8ValAccuracy: accuracy.val,
  ...(accuracy.test !== null && { int8TestAccuracy: accuracy.test }),
  int8LatencyMs: latency.medianMs,
  int8SizeBytes: sizeBytes,
});

const figuresIn8Bits = ({ accuracy, latency, quantisation }: Int8Export, file: string): Int8Figures => ({
  file,
  valInterval: accuracy.valInterval ?? null,
  testInterval: accuracy.testInterval,
  latency: {
    lowMs: latency.lowMs,
    highMs: latency.highMs,
    ...(latency.trusted !== undefined && { trusted: latency.trusted }),
  },
  speedUp: quantisation.speedUp ?? null,
  floatLayers: quantisation.floatLayers ?? [],
});
