/** A fully trained network is tested once, timed, and written to its file. */
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import type { ImageDataset } from '../data/dataset.ts';
import { describeMachine } from '../device/machine.ts';
import { type Latency, measureLatency } from '../device/measure-latency.ts';
import type { JobOutcome } from '../execution/executor.ts';
import { networkCost } from '../network/cost.ts';
import type { Winner } from '../report/data.ts';
import { spaceDigest } from '../space/digest.ts';
import type { Trial } from '../study/trial.ts';
import { wilsonInterval } from '../task/classification-metrics.ts';
import { evaluateNetwork } from '../train/evaluate.ts';
import type { Weights } from '../train/plan.ts';
import { decodeSafetensors } from '../train/safetensors.ts';
import { VERSION } from '../version.ts';
import type { SearchContext } from './context.ts';
import { finalDeviceMeasures } from './devices.ts';
import { engineName } from './engine-name.ts';
import { exportedModel, modelBytes, writeWhole } from './export-model.ts';
import { finalNetwork } from './final-job.ts';
import { exportInt8 } from './int8-export.ts';
import { ioOf, type ModelMetadata, type Preprocessing } from './model-metadata.ts';
import type { RunFolder } from './run-folder.ts';
import { exampleOf } from './verify/example.ts';

/** @param folder where the network's files go */
export async function finish(
  request: Pick<SearchContext, 'options' | 'plan' | 'dataset' | 'space' | 'hooks' | 'watch'>,
  trial: Trial,
  outcome: JobOutcome,
  folder: RunFolder,
): Promise<Winner> {
  const { options, plan, dataset, space, hooks, watch } = request;
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
          interval: interval(evaluation.accuracy, split.count),
        };
  if (test !== null)
    hooks.onEvent({
      event: 'tested',
      trial: trial.number,
      testAccuracy: test.accuracy,
      testCount: test.count,
    });

  const preprocessing = preprocessingOf(dataset);
  const latency = await measureLatency(
    modelBytes(network, weights, null),
    { input: exampleOf({ preprocessing }) },
    { threads: options.latencyThreads },
  );
  const valAccuracy = outcome.measures.valAccuracy!;
  const shape = { labels: [...dataset.classes], preprocessing };
  const metadata: ModelMetadata = {
    ...shape,
    genome: trial.genome as ModelMetadata['genome'],
    space: space.name,
    spaceDigest: spaceDigest(space, ioOf(shape)),
    trial: trial.number,
    seed: options.seed,
    version: VERSION,
    data: dataset.fingerprint,
    cost: networkCost(network),
    accuracy: {
      val: valAccuracy,
      valCount: dataset.val.count,
      valInterval: interval(valAccuracy, dataset.val.count),
      test: test?.accuracy ?? null,
      testCount: test?.count ?? 0,
      testInterval: test?.interval ?? null,
    },
    latency: latencyEntry(latency),
  };
  const bytes = modelBytes(network, weights, metadata);
  await writeWhole(folder.model, bytes);
  await writeWhole(folder.network, `${JSON.stringify(network, null, 2)}\n`);

  const int8 = options.int8
    ? await exportInt8({
        path: folder.int8Model,
        model: exportedModel(network, weights, metadata),
        dataset,
        options,
        threads: plan.finalThreads,
        signal: hooks.signal,
      })
    : null;
  const elsewhere = await finalDeviceMeasures(
    request,
    bytes,
    int8 === null ? null : readFileSync(folder.int8Model),
  );

  return {
    trial: trial.number,
    genome: trial.genome,
    network,
    measures: {
      ...outcome.measures,
      sizeBytes: bytes.byteLength,
      latencyMs: latency.medianMs,
      latencyLowMs: latency.lowMs,
      latencyHighMs: latency.highMs,
      ...(test !== null && { testAccuracy: test.accuracy }),
      ...int8,
      ...elsewhere,
    },
    curve: outcome.curve,
    classes: dataset.classes,
    confusion: evaluation.confusion,
    test,
    model: { file: relative(options.out, folder.model), input: 'input', output: 'logits', preprocessing },
  };
}

/** 95 % (Wilson 1927). */
function interval(accuracy: number, count: number): [number, number] {
  const [low, high] = wilsonInterval(Math.round(accuracy * count), count);
  return [low, high];
}

function preprocessingOf({ channels, height, width, normalisation }: ImageDataset): Preprocessing {
  return {
    channels,
    height,
    width,
    colour: channels === 1 ? 'grey' : 'rgb',
    mean: [...normalisation.mean],
    std: [...normalisation.std],
    scale: 1 / 255,
    resize: 'area',
  };
}

function latencyEntry(latency: Latency): ModelMetadata['latency'] {
  const { medianMs, lowMs, highMs, p95Ms, runs, wide, threads, provider, machine } = latency;
  const { platform } = describeMachine();
  return {
    medianMs,
    lowMs,
    highMs,
    p95Ms,
    runs,
    wide,
    threads,
    provider,
    machine,
    platform,
    runtime: engineName(),
  };
}
