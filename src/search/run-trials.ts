/** The search phase: the study's trials, each partially trained in a worker. */
import type { ImageDataset } from '../data/dataset.ts';
import { describeMachine } from '../device/machine.ts';
import { onDevice } from '../device/remote/measure-name.ts';
import { fail } from '../errors.ts';
import { classCounts } from '../estimation/default-plan.ts';
import { ESTIMATORS } from '../estimation/estimator.ts';
import { fidelityLadder } from '../estimation/fidelity.ts';
import { createChildProcessExecutor } from '../execution/child-process.ts';
import type { Executor, TrialJob } from '../execution/executor.ts';
import { createInProcessExecutor } from '../execution/in-process.ts';
import type { SearchSpace } from '../space/space.ts';
import type { StudyStorage } from '../storage/storage.ts';
import { STRATEGIES } from '../strategy/index.ts';
import type { Strategy } from '../strategy/strategy.ts';
import { bestTrial, paretoFront } from '../study/pareto-front.ts';
import { runStudy } from '../study/run-study.ts';
import { type Asked, openStudy, type Study } from '../study/study.ts';
import type { Constraint } from '../study/trial.ts';
import { recordDevices, trialDevices, watchDevices } from './devices.ts';
import { frontObjectives } from './front.ts';
import type { SearchOptions } from './options.ts';
import type { SearchPlan } from './plan.ts';
import { augmentationOf } from './read-data.ts';
import type { RunFolder } from './run-folder.ts';
import type { SearchHooks } from './search.ts';
import type { Stopwatch } from './stopwatch.ts';

export interface TrialsRequest {
  readonly options: SearchOptions;
  readonly plan: SearchPlan;
  readonly space: SearchSpace;
  readonly dataset: ImageDataset;
  readonly folder: RunFolder;
  readonly storage: StudyStorage;
  readonly hooks: SearchHooks;
  readonly watch: Stopwatch;
  /** When the run's clock began, earlier sessions counted in (milliseconds since the epoch). */
  readonly start: number;
}

/** Share of the usable memory that all workers together may take. */
const MEMORY_SHARE = 0.8;
/** A trial may take so many times what was planned; one that takes twice that hangs. */
const PATIENCE = 2.5;
const LEAST_PATIENCE_SECONDS = 60;

/** Bounds of the options as constraints; with a time limit also what the final training can afford. */
export function constraintsOf(options: SearchOptions, plan: SearchPlan): Constraint[] {
  const judged = options.int8 ? 'int8LatencyMs' : 'latencyMs';
  const bounds: readonly (readonly [string, number | null])[] = [
    ['params', options.maxParams],
    ['macs', options.maxMacs],
    ['memoryBytes', options.maxMemoryBytes],
    [judged, options.maxLatencyMs],
    ...Object.entries(options.maxDeviceLatencyMs).map(
      ([device, max]) => [onDevice(judged, device), max] as const,
    ),
    ['macs', plan.time?.maxMacs ?? null],
  ];
  return bounds.flatMap(([measure, max]) => (max === null ? [] : [{ measure, max }]));
}

export function strategyOf(name: string): Strategy {
  const found = (STRATEGIES as Readonly<Record<string, Strategy>>)[name];
  return (
    found ??
    fail('USAGE', {
      what: `There is no strategy "${name}"`,
      hint: `Use one of ${Object.keys(STRATEGIES).join(', ')}.`,
    })
  );
}

export function createExecutor(options: SearchOptions, plan: SearchPlan, slots: number): Executor {
  if (options.executor === 'in-process') return createInProcessExecutor();
  const share = (MEMORY_SHARE * describeMachine().usableMemoryBytes) / slots;
  const planned =
    plan.time === null ? null : Math.max(LEAST_PATIENCE_SECONDS, 2 * PATIENCE * plan.time.trialSeconds);
  return createChildProcessExecutor({
    slots,
    timeLimitSeconds: options.trialTimeoutSeconds ?? planned,
    memoryLimitBytes: options.trialMemoryBytes ?? share,
  });
}

/** Runs the trials that are still to be run. @throws INFEASIBLE; DEVICE_LOST; NO_TRIAL when none was complete in the end */
export async function runTrials(request: TrialsRequest): Promise<Study> {
  const { options, plan, space, dataset, storage, hooks, watch, start } = request;
  const { onEvent, signal } = hooks;
  const constraints = constraintsOf(options, plan);
  const strategy = strategyOf(options.strategy);
  const ladder = fidelityLadder(plan, strategy.levels ?? 1);
  const study = await openStudy(
    {
      space,
      io: { inputShape: [dataset.channels, dataset.height, dataset.width], outputs: dataset.classes.length },
      strategy,
      fidelities: ladder.map(({ epochs, dataShare }) => epochs * dataShare),
      objectives: options.objectives,
      constraints,
      seed: options.seed,
      parallelism: plan.workers,
    },
    storage,
  );
  const standing = () => ({
    best: bestTrial(study.trials(), options.objectives, constraints),
    front: paretoFront(study.trials(), frontObjectives(options.objectives), constraints),
  });
  const before = study.trials().filter(({ endedAt }) => endedAt !== null);
  if (before.length > 0) onEvent({ event: 'resumed', trials: before, ...standing() });
  if (before.length < plan.trials) await recordDevices(options, storage, hooks);
  const jobOf = createJobs(request, ladder);
  const executor = createExecutor(options, plan, plan.workers);
  const devices = watchDevices(plan);
  try {
    await runStudy({
      study,
      trials: plan.trials,
      deadline: plan.time === null ? null : Math.max(Date.now() + 1, start + searchEnd(plan) * 1000),
      signal: AbortSignal.any([signal, devices.lost]),
      evaluate: async (asked, either) => {
        const outcome = await executor.run(jobOf(asked), {
          signal: either,
          onProgress: ({ trial, progress, note }) => {
            if (note !== undefined) onEvent({ event: 'warning', message: `trial ${trial}: ${note}` });
            onEvent({ event: 'trial-progress', trial, progress });
          },
        });
        devices.see(outcome);
        return outcome;
      },
      onStarted: (trial) => onEvent({ event: 'trial-started', trial }),
      onFinished: (trial) => {
        onEvent({ event: 'trial-finished', trial, ...standing() });
        void watch.save();
      },
    });
  } finally {
    await executor.close();
  }
  if (devices.lost.aborted && !signal.aborted)
    fail('DEVICE_LOST', { reason: String(devices.lost.reason), run: options.out });
  if (!signal.aborted && bestTrial(study.trials(), options.objectives, constraints) === null) {
    const reasons = new Set(study.trials().flatMap((t) => (t.reason === null ? [] : [t.reason])));
    fail('NO_TRIAL', { trials: study.trials().length, reasons: [...reasons].slice(0, 3).join('; ') });
  }
  return study;

  /** The last trials may run a little over the search's share rather than be lost. */
  function searchEnd({ time }: SearchPlan): number {
    return time!.totalSeconds - (time!.totalSeconds - time!.searchSeconds) * 0.9;
  }
}

/** A trial's job; with a time limit the clock shortens the schedule of one that takes far longer than planned. */
function createJobs(
  { options, plan, dataset, folder }: TrialsRequest,
  ladder: ReturnType<typeof fidelityLadder>,
): (asked: Asked) => TrialJob {
  const augmentation = augmentationOf(dataset, options);
  const counts = classCounts(dataset);
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
      latency: { threads: options.latencyThreads, maxMs: options.maxLatencyMs },
    });
    const seconds = plan.time === null ? null : PATIENCE * plan.time.trialSeconds;
    const devices = trialDevices(options, seconds);
    return {
      ...job,
      plan: adjusted(job.plan, options),
      int8: options.int8,
      ...(devices !== undefined && { devices }),
      ...(seconds !== null && { deadline: Date.now() + seconds * 1000 }),
    };
  };
}

/** The recipe with what the options fix by hand. */
export function adjusted(
  recipe: TrialJob['plan'],
  { batchSize, learningRate }: SearchOptions,
): TrialJob['plan'] {
  const batch = batchSize ?? recipe.batchSize;
  return {
    ...recipe,
    batchSize: batch,
    learningRate: learningRate ?? (recipe.learningRate * batch) / recipe.batchSize,
  };
}
