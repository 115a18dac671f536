/**
 * A search from data to exported network: reads the data, runs the study, trains the best candidate fully, tests it
 * once, writes what comes out. Every step leaves its result in the run's storage, so that it can be gone on with after
 * any interruption.
 */
import { existsSync } from 'node:fs';
import type { Augmentation, ImageDataset } from '../data/dataset.ts';
import { describeAugmentation } from '../data/describe-augmentation.ts';
import type { DataReport } from '../data/report.ts';
import { describeMachine } from '../device/machine.ts';
import type { DeviceDescription } from '../device/remote/wire.ts';
import { makeFolder } from '../disk.ts';
import { EspalierError, fail } from '../errors.ts';
import { measureTrainingSpeed } from '../estimation/training-speed.ts';
import { networkMacs } from '../network/cost.ts';
import { createRandom } from '../random.ts';
import { formatSeconds } from '../report/format.ts';
import { cannotBeBuilt } from '../space/build-network.ts';
import { sampleGenome } from '../space/sampling.ts';
import { spaceSize } from '../space/size.ts';
import type { SearchSpace } from '../space/space.ts';
import { openSqlite } from '../storage/sqlite.ts';
import type { StudyStorage } from '../storage/storage.ts';
import type { TrialState } from '../study/trial.ts';
import { checkBatch, checkOptions, withWholePaths } from './check-options.ts';
import { type SearchHooks, withHooks } from './context.ts';
import { addressesOf, commandWithoutTokens, keepAddresses, withoutTokens } from './devices.ts';
import { estimateSeconds } from './estimate-seconds.ts';
import type { DoneEvent } from './events.ts';
import { imageCounts } from './final-job.ts';
import { trainFinal } from './final-training.ts';
import { findStrategy, loadStrategy } from './find-strategy.ts';
import { frontSize } from './front.ts';
import { describeDevices, greetDevices } from './greet-devices.ts';
import { keepCalibrations } from './keep-calibrations.ts';
import { loadSpace } from './load-space.ts';
import { type MoreBudget, withMore } from './more-budget.ts';
import { inNewRun, refuseRun, removeParts } from './new-run.ts';
import type { SearchOptions } from './options.ts';
import { writeOutputs } from './outputs.ts';
import { describePlan, finalWork, type PlanSubject, planOf, type SearchPlan } from './plan.ts';
import { augmentationOf, loadData, readData } from './read-data.ts';
import { forget, get, put } from './record.ts';
import { type RunFolder, runFolder } from './run-folder.ts';
import { runTrials } from './run-trials.ts';
import { createStopwatch } from './stopwatch.ts';

/** What came out; null when the signal ended it before it was done. */
export type SearchResult = DoneEvent | null;

/**
 * A search from data to exported network: reads the data, runs the study, trains the best candidate fully, tests it
 * once, writes what comes out into the folder `out`. Every step leaves its result in the run's storage, so that it
 * can be gone on with after any interruption. One that fails before its first trial leaves nothing behind.
 * @param given by `SearchOptions.parse`
 * @throws RUN_EXISTS; USAGE for a strategy, measure or rule that does not exist; SPACE_UNKNOWN, MODULE_LOAD; DATA_*;
 *   WARM_START; DEVICE_*; SPACE_BUILD, UNBUILDABLE when the space builds nothing; INFEASIBLE, NOTHING_NEW, NO_TRIAL when
 *   no network meets the bounds; FINAL_FAILED; BATCH_TOO_LARGE; STORAGE_*
 */
export async function search(
  given: SearchOptions,
  givenHooks: Partial<SearchHooks> = {},
): Promise<SearchResult> {
  const hooks = withHooks(givenHooks);
  const began = hooks.began ?? Date.now();
  const folder = runFolder(given.out);
  await refuseRun(folder);
  await checkOptions(given);
  await greetDevices(given, hooks.signal);
  const options = withWholePaths(given);
  return inNewRun(folder, async (storage) => {
    await put(storage, 'options', withoutTokens(options));
    if (hooks.command !== undefined) await put(storage, 'command', commandWithoutTokens(hooks.command));
    await keepAddresses(folder, options.devices);
    return run({ options, folder, storage, hooks, began, more: {}, replaced: {} });
  });
}

/** What may be otherwise than the run was begun with. */
export interface ResumeChanges extends MoreBudget {
  /** Addresses of the run's devices where they are others by now. */
  readonly devices?: SearchOptions['devices'];
  /** Seconds after which a trial is stopped from now on, > 0; as before by default. */
  readonly trialTimeoutSeconds?: SearchOptions['trialTimeoutSeconds'];
}

/**
 * Goes on with a run. A finished one only writes its files again, unless it is given more to spend.
 * @param out the run's folder
 * @throws STORAGE_MISSING when there is no run; STORAGE_LOCKED when another process works on it; DATA_CHANGED,
 *   STUDY_CHANGED when data or space are others by now; USAGE for a device that the run does not have, or a time
 *   limit where it had none; what `search` throws
 */
export async function resumeSearch(
  out: string,
  givenHooks: Partial<SearchHooks> = {},
  { devices = {}, trialTimeoutSeconds, ...more }: ResumeChanges = {},
): Promise<SearchResult> {
  const hooks = withHooks(givenHooks);
  const began = hooks.began ?? Date.now();
  const folder = runFolder(out);
  if (!existsSync(folder.database)) fail('STORAGE_MISSING', { path: out });
  makeFolder(out);
  const storage = await openSqlite(folder.database, { mode: 'write' });
  try {
    removeParts(folder);
    const stored = (await get(storage, 'options')) ?? fail('STORAGE_MISSING', { path: out });
    // A run of an earlier version does not have all options.
    const known = { ...LATER_OPTIONS, ...stored };
    const addresses = addressesOf(folder, known.devices, devices);
    await keepAddresses(folder, addresses);
    // The folder may have been moved.
    const options = {
      ...known,
      out,
      devices: addresses,
      ...(trialTimeoutSeconds !== undefined && { trialTimeoutSeconds }),
    };
    if (trialTimeoutSeconds !== undefined) await put(storage, 'options', withoutTokens(options));
    return await run({ options, folder, storage, hooks, began, more, replaced: devices });
  } finally {
    await storage.close();
  }
}

/** Options of runs that were begun before there were any. */
const LATER_OPTIONS: Pick<
  SearchOptions,
  | 'devices'
  | 'maxDeviceLatencyMs'
  | 'devicePatienceSeconds'
  | 'maxDropPoints'
  | 'maxSizeBytes'
  | 'maxPeakMemoryBytes'
  | 'maxDevicePeakMemoryBytes'
  | 'startWith'
  | 'warmFrom'
  | 'proxies'
> = {
  devices: {},
  maxDeviceLatencyMs: {},
  devicePatienceSeconds: 600,
  maxDropPoints: null,
  maxSizeBytes: null,
  maxPeakMemoryBytes: null,
  maxDevicePeakMemoryBytes: {},
  startWith: null,
  warmFrom: [],
  proxies: [],
};

/** What a search would do. */
interface PlannedSearch {
  /** In sentences. */
  readonly lines: readonly string[];
  /** How it would spend its budget. */
  readonly plan: SearchPlan;
  /** What was found in the data. */
  readonly report: DataReport;
  /** Who the devices are that `--device` names, as they said. */
  readonly devices: Readonly<Record<string, DeviceDescription>>;
  /** With a time limit that limit; without, what random networks would take. */
  readonly seconds: number;
}

/**
 * What `search` would do, and about how long it takes. Reads the data and asks the devices, writes nothing.
 * @throws what {@link search} throws before its first trial, INFEASIBLE among it
 */
export async function planSearch(
  options: SearchOptions,
  givenHooks: Partial<Pick<SearchHooks, 'signal'>> = {},
): Promise<PlannedSearch> {
  const { signal } = withHooks(givenHooks);
  const began = Date.now();
  await refuseRun(runFolder(options.out));
  await checkOptions(options);
  const devices = await greetDevices(options, signal);
  const space = await loadSpace(options.space);
  const { dataset, report } = await loadData(options, { signal, onEvent: () => {} });
  const plan = planOf(options, await facts(options, space, dataset, began));
  checkBatch(options, plan, dataset);
  const lines = [
    ...describePlan(plan, options, subject(space, dataset, augmentationOf(dataset, options))),
    ...(await describeDevices(options, devices, dataset.height)),
  ];
  const read = (Date.now() - began) / 1000;
  const estimated = await estimateSeconds({
    options,
    plan,
    space,
    dataset,
    speed: plan.time === null ? await measureTrainingSpeed() : 1,
    usableCores: describeMachine().usableCores,
  });
  if (plan.time !== null) return { lines, plan, report, devices, seconds: plan.time.totalSeconds };
  const seconds = Math.round(read + estimated);
  return {
    lines: [...lines, `about ${formatSeconds(seconds)} in all on this machine`],
    plan,
    report,
    devices,
    seconds,
  };
}

/**
 * Writes a run's report.html, trials.json and pareto.csv again from its storage.
 * @param out the run's folder
 * @returns their paths
 * @throws STORAGE_MISSING when there is no run; RUN_WITHOUT_DATA when it ended before its data was read; STORAGE when
 *   they cannot be written
 */
export async function reportRun(out: string): Promise<readonly string[]> {
  const folder = runFolder(out);
  const storage = await openSqlite(folder.database, { mode: 'read' });
  try {
    const options = (await get(storage, 'options')) ?? fail('STORAGE_MISSING', { path: out });
    const known = { ...LATER_OPTIONS, ...options, out };
    await loadStrategy(known.strategy);
    await writeOutputs(known, folder, storage, await loadSpace(options.space));
    return [folder.report, folder.trials, folder.pareto];
  } finally {
    await storage.close();
  }
}

interface RunRequest {
  readonly options: SearchOptions;
  readonly folder: RunFolder;
  readonly storage: StudyStorage;
  readonly hooks: SearchHooks;
  readonly began: number;
  readonly more: MoreBudget;
  /** Devices whose address was given anew. */
  readonly replaced: SearchOptions['devices'];
}

async function run({ folder, storage, hooks, began, more, ...request }: RunRequest): Promise<SearchResult> {
  const { onEvent, signal } = hooks;
  const asked = { ...request.options, ...more };
  const watch = await createStopwatch(storage, began, 'reading data');
  const spentBefore = watch.total() - (Date.now() - began) / 1000;
  const space = await loadSpace(asked.space);
  await loadStrategy(asked.strategy);
  const known = await get(storage, 'plan');
  const former = known === null ? null : withMore(known, request.options, more);
  if (Object.keys(more).length > 0) {
    await put(storage, 'options', withoutTokens(asked));
    for (const name of ['done', 'winner', 'members'] as const) await forget(storage, name);
  }
  const finished = await get(storage, 'done');
  if (finished !== null) {
    // The folder may have been moved or copied.
    const done = { ...finished, out: asked.out };
    const message =
      'the search was finished: only its report is written again; more trials, time or epochs (--trials, --time, --final-epochs) go on with it';
    onEvent({ event: 'warning', message });
    onEvent({ event: 'exported', files: await writeOutputs(asked, folder, storage, space) });
    onEvent(done);
    return done;
  }
  const { replaced } = request;
  const devices = await keepCalibrations(folder, asked.devices, { replaced, onEvent });
  const options = { ...asked, devices };
  try {
    const { dataset, report } = await readData(options, folder, storage, hooks);
    onEvent({ event: 'data', report });
    const plan = former ?? planOf(options, await facts(options, space, dataset, began));
    checkBatch(options, plan, dataset);
    await put(storage, 'plan', plan);
    const start = began - spentBefore * 1000;
    const deadline = plan.time === null ? null : start + plan.time.totalSeconds * 1000;
    const augmentation = augmentationOf(dataset, options);
    await put(storage, 'augmentation', augmentation);
    const lines = describePlan(plan, options, subject(space, dataset, augmentation));
    onEvent({
      event: 'plan',
      lines,
      trials: plan.trials,
      deadline,
      workers: plan.workers,
      finals: frontSize(options),
      finalWork: finalWork(plan, findStrategy(options.strategy).levels ?? 1),
    });

    await watch.phase('search');
    const study = await runTrials({ options, plan, space, dataset, folder, storage, hooks, watch, start });
    if (!signal.aborted) {
      await watch.phase('final training');
      const done = await trainFinal({
        options,
        plan,
        space,
        dataset,
        folder,
        storage,
        hooks,
        watch,
        study,
        deadline,
      });
      if (done !== null) {
        onEvent({ event: 'exported', files: await writeOutputs(options, folder, storage, space) });
        onEvent(done);
        return done;
      }
    }
  } catch (error) {
    // Ctrl-C surfaces as the signal's reason from whatever was under way.
    if (!signal.aborted || error instanceof EspalierError) {
      // What went wrong is in the trials; where not even that can be written, the error itself says more.
      await watch
        .save()
        .then(leaveOutputs)
        .catch(() => undefined);
      throw error;
    }
  }
  await watch.save();
  await leaveOutputs();
  const trials = await storage.trials();
  const count = (state: TrialState): number => trials.filter((trial) => trial.state === state).length;
  onEvent({
    event: 'stopped',
    trials: { complete: count('complete'), failed: count('failed'), pruned: count('pruned') },
    out: options.out,
  });
  return null;

  async function leaveOutputs(): Promise<void> {
    if ((await storage.trials()).length > 0) await writeOutputs(options, folder, storage, space);
  }
}

async function facts(
  options: SearchOptions,
  space: SearchSpace,
  dataset: ImageDataset,
  began: number,
): Promise<Parameters<typeof planOf>[1]> {
  const speed = options.timeSeconds === null ? 0 : await measureTrainingSpeed();
  const { usableCores } = describeMachine();
  const { height, width } = dataset;
  return {
    members: Number(spaceSize(space) ?? Number.POSITIVE_INFINITY),
    macs: options.timeSeconds === null ? [] : usualMacs(space, dataset),
    levels: findStrategy(options.strategy).levels ?? 1,
    images: imageCounts(dataset),
    pixels: height * width,
    usableCores,
    spentSeconds: (Date.now() - began) / 1000,
    speed,
  };
}

const SAMPLED = 100;

/** MACs of random members of the space, ascending. */
function usualMacs(space: SearchSpace, { channels, height, width, classes }: ImageDataset): number[] {
  const random = createRandom('small networks');
  const io = { inputShape: [channels, height, width] as const, outputs: classes.length };
  const macs = Array.from({ length: SAMPLED }, (_, i) => {
    try {
      return [networkMacs(space.build(sampleGenome(space, random.split(i), 'decisions'), io))];
    } catch (error) {
      // Some genomes cannot be built for small images.
      if (cannotBeBuilt(error)) return [];
      throw error;
    }
  });
  return macs.flat().sort((a, b) => a - b);
}

const subject = (
  space: SearchSpace,
  { channels }: ImageDataset,
  augmentation: Augmentation,
): PlanSubject => ({
  space: { name: space.name, size: sizeOf(space) },
  augmentation: describeAugmentation(augmentation, channels),
  usableCores: describeMachine().usableCores,
});

function sizeOf(space: SearchSpace): string | null {
  return spaceSize(space)?.toLocaleString('en') ?? null;
}
