/** The end of a search: the best candidate trained fully, tested once, exported. */
import { readFileSync } from 'node:fs';
import { measureLatency } from '../device/measure-latency.ts';
import { fail } from '../errors.ts';
import { classCounts } from '../estimation/default-plan.ts';
import { ESTIMATORS } from '../estimation/estimator.ts';
import type { Executor, JobOutcome, TrialJob } from '../execution/executor.ts';
import { createRandom } from '../random.ts';
import type { Winner } from '../report/data.ts';
import { bestTrial } from '../study/pareto-front.ts';
import type { Study } from '../study/study.ts';
import type { Trial } from '../study/trial.ts';
import { wilsonInterval } from '../task/classification-metrics.ts';
import { evaluateNetwork } from '../train/evaluate.ts';
import type { Weights } from '../train/plan.ts';
import { decodeSafetensors } from '../train/safetensors.ts';
import { VERSION } from '../version.ts';
import type { DoneEvent } from './events.ts';
import { exportedModel, modelBytes, writeWhole } from './export-model.ts';
import { exportInt8 } from './int8-export.ts';
import type { ModelMetadata, Preprocessing } from './model-metadata.ts';
import { augmentationOf } from './read-data.ts';
import { put } from './record.ts';
import { adjusted, constraintsOf, createExecutor, type TrialsRequest } from './run-trials.ts';

export interface FinalRequest extends Omit<TrialsRequest, 'start'> {
  readonly study: Study;
  /** When the whole run must be over. */
  readonly deadline: number | null;
}

/** Kept of the time limit for test, export and report. */
const CLOSING_SECONDS = 4;
const CLOSING_SHARE = 0.03;
/** Training a network that failed once is tried again from its checkpoint before the next best one is taken. */
const ATTEMPTS = 2;
/** How many candidates are tried when final trainings fail. */
const CANDIDATES = 3;

/** @returns null when the signal ended it */
export async function trainFinal(request: FinalRequest): Promise<DoneEvent | null> {
  const { options, plan, study, hooks } = request;
  const executor = createExecutor({ ...options, trialTimeoutSeconds: null }, { ...plan, time: null }, 1);
  let reason = '';
  try {
    const failed = new Set<number>();
    for (let i = 0; i < CANDIDATES; i++) {
      const open = study.trials().filter((t) => !failed.has(t.number));
      const winner = bestTrial(open, options.objectives, constraintsOf(options, plan));
      if (winner === null) break;
      const outcome = await train(request, executor, winner);
      if (hooks.signal.aborted) return null;
      if (outcome.state === 'complete') return await finish(request, winner, outcome);
      failed.add(winner.number);
      reason = outcome.reason ?? '';
      hooks.onEvent({
        event: 'warning',
        message: `the final training of trial ${winner.number} failed: ${reason}`,
      });
    }
  } finally {
    await executor.close();
  }
  return fail('FINAL_FAILED', { reason });
}

async function train(request: FinalRequest, executor: Executor, winner: Trial): Promise<JobOutcome> {
  const { hooks } = request;
  const job = finalJob(request, winner);
  hooks.onEvent({ event: 'final-started', trial: winner.number, epochs: job.plan.epochs });
  let outcome: JobOutcome | null = null;
  for (
    let attempt = 0;
    attempt < ATTEMPTS && outcome?.state !== 'complete' && !hooks.signal.aborted;
    attempt++
  ) {
    outcome = await executor.run(job, {
      signal: hooks.signal,
      onProgress: ({ progress, curve }) =>
        hooks.onEvent({ event: 'final-progress', progress, valAccuracy: curve?.valAccuracy ?? null }),
    });
  }
  return outcome!;
}

function finalJob(
  { options, plan, dataset, folder, space, deadline }: FinalRequest,
  winner: Trial,
): TrialJob {
  const ends =
    deadline === null ? null : deadline - (CLOSING_SECONDS + CLOSING_SHARE * plan.time!.totalSeconds) * 1000;
  const epochs =
    plan.finalEpochs ?? epochsUntil(ends!, winner, dataset.train.count, plan.finalThreads / plan.threads);
  const job = ESTIMATORS.full.createJob({
    trial: winner.number,
    network: space.build(winner.genome, {
      inputShape: [dataset.channels, dataset.height, dataset.width],
      outputs: dataset.classes.length,
    }),
    dataset: folder.dataset,
    classCounts: classCounts(dataset),
    augmentation: augmentationOf(dataset, options),
    fidelity: { epochs, dataShare: 1, resolution: 1 },
    seed: `${options.seed}/final/${winner.number}`,
    threads: plan.finalThreads,
    latency: null,
  });
  return {
    ...job,
    plan: adjusted(job.plan, options),
    checkpoint: folder.checkpoint,
    weightsFile: folder.weights,
    ...(ends !== null && { deadline: Math.max(ends, Date.now() + 1000) }),
  };
}

/** Two threads are not twice as fast as one. */
const THREAD_EXPONENT = 0.7;
/** Rather one epoch too many: the schedule follows the clock and comes down in time. */
const AMPLE = 1.1;

/** Epochs that fit until then, by the speed that the trial had. */
function epochsUntil(ends: number, winner: Trial, images: number, threads: number): number {
  const speed = (winner.measures.imagesPerSecond ?? 0) * threads ** THREAD_EXPONENT;
  const seconds = Math.max(1, (ends - Date.now()) / 1000);
  return Math.max(1, Math.round((AMPLE * seconds * speed) / images));
}

async function finish(request: FinalRequest, trial: Trial, outcome: JobOutcome): Promise<DoneEvent> {
  const { options, plan, dataset, folder, space, storage, hooks, watch, study } = request;
  await watch.phase('test and export');
  const network = finalJob(request, trial).network;
  const weights: Weights = decodeSafetensors(readFileSync(folder.weights), folder.weights).tensors;
  const split = dataset.test ?? dataset.val;
  const evaluation = await evaluateNetwork({ network, weights, split, dataset, threads: plan.finalThreads });
  const test =
    dataset.test === null
      ? null
      : {
          accuracy: evaluation.accuracy,
          count: split.count,
          interval: wilsonInterval(Math.round(evaluation.accuracy * split.count), split.count),
        };
  if (test !== null) hooks.onEvent({ event: 'tested', testAccuracy: test.accuracy, testCount: test.count });

  const shape = [1, dataset.channels, dataset.height, dataset.width];
  const random = createRandom('latency');
  const example = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, random.normal);
  const latency = await measureLatency(
    modelBytes(network, weights, null),
    { input: { dtype: 'float32', shape, data: example } },
    { threads: options.latencyThreads },
  );
  const preprocessing: Preprocessing = {
    channels: dataset.channels,
    height: dataset.height,
    width: dataset.width,
    colour: dataset.channels === 1 ? 'grey' : 'rgb',
    mean: [...dataset.normalisation.mean],
    std: [...dataset.normalisation.std],
    scale: 1 / 255,
    resize: 'area',
  };
  const { medianMs, lowMs, highMs } = latency;
  const valAccuracy = outcome.measures.valAccuracy!;
  const metadata: ModelMetadata = {
    labels: [...dataset.classes],
    preprocessing,
    genome: trial.genome as ModelMetadata['genome'],
    space: space.name,
    seed: options.seed,
    version: VERSION,
    data: dataset.fingerprint,
    accuracy: {
      val: valAccuracy,
      test: test?.accuracy ?? null,
      testCount: test?.count ?? 0,
      testInterval: test === null ? null : [test.interval[0], test.interval[1]],
    },
    latency: { medianMs, lowMs, highMs, threads: latency.threads, machine: latency.machine },
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

  const { params, macs } = outcome.measures as { params: number; macs: number };
  const winner: Winner = {
    trial: trial.number,
    genome: trial.genome,
    network,
    measures: {
      ...outcome.measures,
      sizeBytes: bytes.byteLength,
      latencyMs: medianMs,
      latencyLowMs: lowMs,
      latencyHighMs: highMs,
      ...(test !== null && { testAccuracy: test.accuracy }),
      ...int8,
    },
    curve: outcome.curve,
    classes: dataset.classes,
    confusion: evaluation.confusion,
    test,
    model: { file: 'model.onnx', input: 'input', output: 'logits', preprocessing },
  };
  await put(storage, 'winner', winner);
  await watch.save();
  const count = (state: Trial['state']): number => study.trials().filter((t) => t.state === state).length;
  const done: DoneEvent = {
    event: 'done',
    testAccuracy: test?.accuracy ?? null,
    valAccuracy,
    latencyMs: medianMs,
    ...(int8 !== null && {
      int8TestAccuracy: int8.int8TestAccuracy ?? null,
      int8LatencyMs: int8.int8LatencyMs!,
    }),
    params,
    macs,
    trials: { complete: count('complete'), failed: count('failed'), pruned: count('pruned') },
    seconds: watch.total(),
    out: options.out,
  };
  await put(storage, 'done', done);
  return done;
}
