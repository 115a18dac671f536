/** The end of a search: the best candidate trained fully, tested once, exported. */
import { mkdirSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { measureLatency } from '../device/measure-latency.ts';
import { fail } from '../errors.ts';
import { classCounts } from '../estimation/default-plan.ts';
import { ESTIMATORS } from '../estimation/estimator.ts';
import type { Executor, JobOutcome, TrialJob } from '../execution/executor.ts';
import { createRandom } from '../random.ts';
import type { Winner } from '../report/data.ts';
import { bestTrial, paretoFront } from '../study/pareto-front.ts';
import type { Study } from '../study/study.ts';
import type { Trial } from '../study/trial.ts';
import { wilsonInterval } from '../task/classification-metrics.ts';
import { evaluateNetwork } from '../train/evaluate.ts';
import type { Weights } from '../train/plan.ts';
import { decodeSafetensors } from '../train/safetensors.ts';
import { VERSION } from '../version.ts';
import type { DoneEvent, FrontMember } from './events.ts';
import { exportedModel, modelBytes, writeWhole } from './export-model.ts';
import { exportInt8 } from './int8-export.ts';
import type { ModelMetadata, Preprocessing } from './model-metadata.ts';
import { augmentationOf } from './read-data.ts';
import { get, put } from './record.ts';
import { memberFolder } from './run-folder.ts';
import {
  adjusted,
  constraintsOf,
  createExecutor,
  frontObjectives,
  type TrialsRequest,
} from './run-trials.ts';

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

/**
 * Trains the winner fully, and with several objectives also other members of the Pareto front, each in a folder of its
 * own. What is finished is kept: a resumed run goes on with the next.
 * @returns null when the signal ended it
 */
export async function trainFinal(request: FinalRequest): Promise<DoneEvent | null> {
  const { options, plan, study, hooks, storage, folder } = request;
  const members = options.front ?? (options.objectives.length > 1 ? FRONT_MEMBERS : 1);
  const winner =
    (await get(storage, 'winner')) ?? (await trainWinner({ ...request, deadline: share(request, members) }));
  if (winner === null) return null;
  const others: Winner[] = [...((await get(storage, 'members')) ?? [])];
  const chosen = spread(
    paretoFront(study.trials(), frontObjectives(options.objectives), constraintsOf(options, plan)),
    winner.trial,
    members - 1,
  );
  for (const [i, trial] of chosen.entries()) {
    if (others.some((member) => member.trial === trial.number)) continue;
    const place = memberFolder(folder, trial.number);
    mkdirSync(place.path, { recursive: true });
    const own = { ...request, folder: place, deadline: share(request, chosen.length - i) };
    const executor = createExecutor({ ...options, trialTimeoutSeconds: null }, { ...plan, time: null }, 1);
    try {
      const outcome = await train(own, executor, trial);
      if (hooks.signal.aborted) return null;
      if (outcome.state === 'complete') {
        others.push(await finish(own, trial, outcome));
        await put(storage, 'members', others);
      } else
        hooks.onEvent({
          event: 'warning',
          message: `the final training of trial ${trial.number}, of the Pareto front, failed: ${outcome.reason}`,
        });
    } finally {
      await executor.close();
    }
  }
  return await done(request, winner, others);
}

/** Members of the front that are trained fully when there are several objectives. */
const FRONT_MEMBERS = 3;

/** When the first of so many trainings must be over for each to have the same time. */
function share({ deadline }: FinalRequest, count: number): number | null {
  return deadline === null ? null : Date.now() + Math.max(1000, (deadline - Date.now()) / count);
}

/** Trials of the front from its one end to the other, without the winner. */
function spread(front: readonly Trial[], winner: number, count: number): Trial[] {
  const others = front
    .filter((trial) => trial.number !== winner)
    .sort((a, b) => (a.measures.macs ?? 0) - (b.measures.macs ?? 0));
  if (others.length <= count) return others;
  return Array.from({ length: count }, (_, i) => others[Math.floor(((i + 0.5) * others.length) / count)]!);
}

/** @returns null when the signal ended it */
async function trainWinner(request: FinalRequest): Promise<Winner | null> {
  const { options, plan, study, hooks, storage } = request;
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
      if (outcome.state === 'complete') {
        const finished = await finish(request, winner, outcome);
        await put(storage, 'winner', finished);
        return finished;
      }
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

/** Tests, measures and exports a fully trained network. */
async function finish(request: FinalRequest, trial: Trial, outcome: JobOutcome): Promise<Winner> {
  const { options, plan, dataset, folder, space, hooks, watch } = request;
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

  return {
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
    model: { file: relative(options.out, folder.model), input: 'input', output: 'logits', preprocessing },
  };
}

/** The last event, kept with the run. */
async function done(
  { options, storage, study, watch }: FinalRequest,
  winner: Winner,
  others: readonly Winner[],
): Promise<DoneEvent> {
  await watch.save();
  const count = (state: Trial['state']): number => study.trials().filter((t) => t.state === state).length;
  const { measures } = winner;
  const event: DoneEvent = {
    event: 'done',
    testAccuracy: winner.test?.accuracy ?? null,
    valAccuracy: measures.valAccuracy!,
    latencyMs: measures.latencyMs!,
    ...(measures.int8LatencyMs !== undefined && {
      int8TestAccuracy: measures.int8TestAccuracy ?? null,
      int8LatencyMs: measures.int8LatencyMs,
    }),
    params: measures.params!,
    macs: measures.macs!,
    ...(others.length > 0 && { front: [winner, ...others].map(frontMember) }),
    trials: { complete: count('complete'), failed: count('failed'), pruned: count('pruned') },
    seconds: watch.total(),
    out: options.out,
  };
  await put(storage, 'done', event);
  return event;
}

const frontMember = ({ trial, model, test, measures }: Winner): FrontMember => ({
  trial,
  file: model.file,
  testAccuracy: test?.accuracy ?? null,
  valAccuracy: measures.valAccuracy!,
  latencyMs: measures.latencyMs!,
  params: measures.params!,
  macs: measures.macs!,
});
