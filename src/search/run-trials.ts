/** The search phase: the study's trials, each partially trained in a worker. */
import { deviceOf } from '../device/remote/measure-name.ts';
import { EspalierError, fail } from '../errors.ts';
import { classCounts } from '../estimation/default-plan.ts';
import { fidelityLadder } from '../estimation/fidelity.ts';
import { ESTIMATORS } from '../estimation/index.ts';
import { PROXIES } from '../estimation/proxies/index.ts';
import { proxySetting } from '../estimation/proxies/setting.ts';
import { stopRequest } from '../estimation/stopping/request.ts';
import type { TrialJob } from '../execution/executor.ts';
import type { NetworkIO } from '../network/network.ts';
import type { Scorer } from '../study/asking.ts';
import { bestTrial, paretoFront } from '../study/pareto-front.ts';
import { isFree, runStudy } from '../study/run-study.ts';
import { type Asked, openStudy, type Study } from '../study/study.ts';
import type { Constraint } from '../study/trial.ts';
import { constraintsOf } from './constraints.ts';
import type { SearchContext } from './context.ts';
import { trialDevices, wantsMemory, watchDevices } from './devices.ts';
import { watchDisk } from './disk-trouble.ts';
import { findStrategy } from './find-strategy.ts';
import { foreseenOf } from './foreseen.ts';
import { frontObjectives } from './front.ts';
import { recordDevices } from './greet-devices.ts';
import { readHeadStart } from './head-start.ts';
import { furthestTrial, wayOut, whyNone } from './no-trial.ts';
import type { SearchPlan } from './plan.ts';
import { augmentationOf } from './read-data.ts';
import { adjusted } from './recipe.ts';
import { get, type HeadStart, put } from './record.ts';
import { takeReference } from './reference-speed.ts';
import { createExecutor, hangingSeconds, patienceSeconds } from './trial-executor.ts';

/** Runs the trials that are still to be run. @throws INFEASIBLE; DEVICE_LOST; NO_TRIAL when none was complete in the end */
export async function runTrials(request: SearchContext): Promise<Study> {
  const { options, plan, space, dataset, storage, hooks, watch, start } = request;
  const { onEvent, signal } = hooks;
  const constraints = constraintsOf(options, plan);
  const strategy = findStrategy(options.strategy);
  const ladder = fidelityLadder(plan, strategy.levels ?? 1);
  const failedForDevices = new Set((await get(storage, 'failedForDevices')) ?? []);
  const fidelities = ladder.map(({ epochs, dataShare }) => epochs * dataShare);
  const io = {
    inputShape: [dataset.channels, dataset.height, dataset.width],
    outputs: dataset.classes.length,
  } as const;
  const { genomes, earlier } = await headStartOf(request, io, fidelities, constraints);
  const study = await openStudy(
    {
      space,
      io,
      strategy,
      fidelities,
      startWith: genomes,
      earlier,
      scorers: scorersOf(request),
      objectives: options.objectives,
      constraints,
      seed: options.seed,
      parallelism: plan.workers,
      foreseen: await foreseenOf(options),
    },
    storage,
    failedForDevices,
  );
  const standing = () => ({
    best: bestTrial(study.trials(), options.objectives, constraints),
    front: paretoFront(study.trials(), frontObjectives(options.objectives), constraints),
  });
  const before = study.trials().filter(({ endedAt }) => endedAt !== null);
  if (before.length > 0) onEvent({ event: 'resumed', trials: before, ...standing() });
  const open = before.length < plan.trials;
  if (open) await recordDevices(options, storage, { ...hooks, side: dataset.height });
  const referenceMs = open ? await takeReference(storage, options.latencyThreads) : undefined;
  const jobOf = createJobs(request, ladder, study, referenceMs);
  let doubted = false;
  const executor = createExecutor(options, plan, plan.workers);
  const devices = watchDevices(plan);
  const disk = watchDisk();
  try {
    const end = await runStudy({
      study,
      trials: plan.trials,
      deadline: plan.time === null ? null : Math.max(Date.now() + 1, start + searchEnd(plan) * 1000),
      signal: AbortSignal.any([signal, devices.lost, disk.trouble]),
      evaluate: async (asked, either) => {
        const outcome = await executor.run(jobOf(asked), {
          signal: either,
          onProgress: ({ trial, progress, note }) => {
            if (note !== undefined) onEvent({ event: 'warning', message: `trial ${trial}: ${note}` });
            onEvent({ event: 'trial-progress', trial, progress });
          },
        });
        devices.see(outcome);
        disk.see(outcome);
        const { number } = asked.trial;
        const forDevice = outcome.state === 'failed' && outcome.deviceTrouble !== undefined;
        if (forDevice ? !failedForDevices.has(number) : failedForDevices.delete(number)) {
          if (forDevice) failedForDevices.add(number);
          await put(storage, 'failedForDevices', [...failedForDevices]);
        }
        return outcome;
      },
      onPreparing: (what, progress) => onEvent({ event: 'preparing', what, progress }),
      onStarted: (trial) => onEvent({ event: 'trial-started', trial }),
      onFinished: (trial) => {
        if (trial.measures.latencyTrusted === 0 && !doubted) {
          doubted = true;
          onEvent({
            event: 'warning',
            message: `the latency of trial ${trial.number} is not to be trusted: the machine is slow or not steady; the report lists all such trials`,
          });
        }
        onEvent({ event: 'trial-finished', trial, ...standing() });
        // A disk that is full shows at the next trial's own record.
        watch.save().catch(() => undefined);
      },
    });
    const free = study.trials().filter((trial) => isFree(trial, study.definition)).length;
    if (end === 'overBounds')
      onEvent({
        event: 'warning',
        message: `${free} of ${study.trials().length} trials were over a bound before they were trained; the search ends with fewer trials than asked for. Loosen the bounds, or choose a space of smaller networks`,
      });
    else if (free > 0)
      onEvent({
        event: 'warning',
        message: `${free} trials were over a bound before they were trained and are not counted`,
      });
  } finally {
    await executor.close();
  }
  disk.check();
  if (devices.lost.aborted && !signal.aborted)
    fail('DEVICE_LOST', { reason: String(devices.lost.reason), run: options.out });
  if (!signal.aborted && standing().best === null) {
    const trials = study.trials();
    const reasons = whyNone(trials, constraints);
    const furthest = plan.time === null ? null : furthestTrial(trials, constraints);
    if (furthest === null)
      fail('NO_TRIAL', { trials: trials.length, reasons, hint: wayOut(reasons, options.out) });
    onEvent({
      event: 'warning',
      message: `the time was over before any trial was complete; trial ${furthest.number}, which had come furthest, is trained`,
    });
  }
  return study;

  /** The last trials may run a little over the search's share rather than be lost. */
  function searchEnd({ time }: SearchPlan): number {
    return time!.totalSeconds - (time!.totalSeconds - time!.searchSeconds) * 0.9;
  }
}

/** Sizes and memory, which a trial has before it trains. */
const SIZES: ReadonlySet<string> = new Set(['sizeBytes', 'int8SizeBytes', 'peakMemoryBytes']);
/** The proxies asked for, on one batch for all candidates. Tells when the first is computed: a search seems to stand still. */
function scorersOf({ options, dataset, plan, hooks }: SearchContext): readonly Scorer[] {
  if (options.proxies.length === 0) return [];
  const setting = proxySetting(dataset, options.seed, plan.threads);
  let told = false;
  return options.proxies.map((name) => ({
    name,
    score: async (network) => {
      if (!told)
        hooks.onEvent({ event: 'warning', message: `scoring networks by ${options.proxies.join(', ')}` });
      told = true;
      try {
        return await PROXIES[name].score(network, setting);
      } catch (error) {
        // A network that has no gradient, or not enough memory for one, has no score.
        if (error instanceof EspalierError) return Number.NaN;
        throw error;
      }
    },
  }));
}

/** Kept with the run, and read from there when it is gone on with. */
async function headStartOf(
  { options, plan, space, dataset, storage, hooks }: SearchContext,
  io: NetworkIO,
  fidelities: readonly number[],
  constraints: readonly Constraint[],
): Promise<HeadStart> {
  const kept = await get(storage, 'headStart');
  if (kept !== null) return kept;
  const { fingerprint } = dataset;
  const read = await readHeadStart({ options, plan, space, io, fingerprint, fidelities, constraints });
  for (const note of read.notes) hooks.onEvent({ event: 'warning', message: note });
  await put(storage, 'headStart', read);
  return read;
}

/** A trial's job; with a time limit the clock shortens the schedule of one that takes far longer than planned. */
function createJobs(
  { options, plan, dataset, folder }: SearchContext,
  ladder: ReturnType<typeof fidelityLadder>,
  study: Study,
  referenceMs: number | undefined,
): (asked: Asked) => TrialJob {
  const augmentation = augmentationOf(dataset, options);
  const counts = classCounts(dataset);
  const bounds = constraintsOf(options, plan).filter(({ measure }) => SIZES.has(deviceOf(measure).measure));
  const peakMemory = wantsMemory(options, null);
  return ({ trial, network }) => {
    const job = ESTIMATORS.partial.createJob({
      trial: trial.number,
      network,
      dataset: folder.dataset,
      classCounts: counts,
      augmentation,
      fidelity: { ...ladder[trial.fidelity]!, resolution: plan.resolution },
      seed: `${options.seed}/trial/${trial.number}`,
      threads: plan.threads,
      latency: {
        threads: options.latencyThreads,
        maxMs: options.maxLatencyMs,
        ...(referenceMs !== undefined && { referenceMs }),
      },
    });
    const seconds = patienceSeconds(plan);
    const devices = trialDevices(options, seconds);
    const limit = hangingSeconds({ options, plan, dataset, trials: study.trials() }, network, job.plan);
    return {
      ...job,
      ...(limit !== null && { timeLimitSeconds: limit }),
      plan: adjusted(job.plan, options, trial.training),
      int8: options.int8,
      ...(peakMemory && { peakMemory }),
      ...(bounds.length > 0 && { bounds }),
      ...(options.stop !== null && { stop: stopRequest(options.stop, trial, study) }),
      ...(devices !== undefined && { devices }),
      ...(seconds !== null && { deadline: Date.now() + seconds * 1000 }),
    };
  };
}
