/**
 * A search from data to exported network: reads the data, runs the study, trains the best candidate fully, tests it
 * once, writes what comes out. Every step leaves its result in the run's storage, so that it can be gone on with after
 * any interruption.
 */
import { existsSync, mkdirSync } from 'node:fs';
import type { ImageDataset } from '../data/dataset.ts';
import { describeMachine } from '../device/machine.ts';
import { EspalierError, fail } from '../errors.ts';
import { measureTrainingSpeed } from '../estimation/training-speed.ts';
import { networkCost } from '../network/cost.ts';
import { createRandom } from '../random.ts';
import { sampleGenome } from '../space/sampling.ts';
import { spaceSize } from '../space/size.ts';
import type { SearchSpace } from '../space/space.ts';
import { openSqlite } from '../storage/sqlite.ts';
import type { StudyStorage } from '../storage/storage.ts';
import type { SearchHooks } from './context.ts';
import { addressesOf, commandWithoutTokens, greetDevices, keepAddresses, withoutTokens } from './devices.ts';
import type { DoneEvent } from './events.ts';
import { trainFinal } from './final-training.ts';
import { findStrategy } from './find-strategy.ts';
import { checkHeadStart } from './head-start.ts';
import { loadSpace } from './load-space.ts';
import type { SearchOptions } from './options.ts';
import { writeOutputs } from './outputs.ts';
import { describePlan, planOf, type SearchPlan } from './plan.ts';
import { loadData, readData } from './read-data.ts';
import { get, put } from './record.ts';
import { type RunFolder, runFolder } from './run-folder.ts';
import { runTrials } from './run-trials.ts';
import { createStopwatch } from './stopwatch.ts';

/** @returns null when the signal ended it before it was done */
export type SearchResult = DoneEvent | null;

/** @throws any EspalierError about the data, the options, the space, the devices or the storage; RUN_EXISTS */
export async function search(options: SearchOptions, hooks: SearchHooks): Promise<SearchResult> {
  const began = Date.now();
  const folder = runFolder(options.out);
  if (existsSync(folder.database)) fail('RUN_EXISTS', { path: options.out });
  // Mistakes in the options come before any file.
  await checkHeadStart(options, await loadSpace(options.space));
  await greetDevices(options, hooks.signal);
  makeFolder(options.out);
  const storage = await openSqlite(folder.database, { mode: 'write' });
  try {
    await put(storage, 'options', withoutTokens(options));
    await put(storage, 'command', commandWithoutTokens(['espalier', ...process.argv.slice(2)]));
    await keepAddresses(folder, options.devices);
    return await run(options, folder, storage, hooks, began);
  } finally {
    await storage.close();
  }
}

/**
 * Goes on with a run. A finished one only writes its files again.
 * @param devices addresses of the run's devices where they are others by now
 * @throws STORAGE_MISSING; USAGE for a device that the run does not have
 */
export async function resumeSearch(
  out: string,
  hooks: SearchHooks,
  devices: SearchOptions['devices'] = {},
): Promise<SearchResult> {
  const began = Date.now();
  const folder = runFolder(out);
  if (!existsSync(folder.database)) fail('STORAGE_MISSING', { path: out });
  const storage = await openSqlite(folder.database, { mode: 'write' });
  try {
    const stored = (await get(storage, 'options')) ?? fail('STORAGE_MISSING', { path: out });
    // A run of an earlier version does not have all options.
    const known = { ...LATER_OPTIONS, ...stored };
    const addresses = addressesOf(folder, known.devices, devices);
    await keepAddresses(folder, addresses);
    // The folder may have been moved.
    return await run({ ...known, out, devices: addresses }, folder, storage, hooks, began);
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
  | 'startWith'
  | 'warmFrom'
  | 'proxies'
> = {
  devices: {},
  maxDeviceLatencyMs: {},
  devicePatienceSeconds: 600,
  maxDropPoints: null,
  startWith: null,
  warmFrom: [],
  proxies: [],
};

/** What `search` would do, and about how long it takes. Reads the data, writes nothing. */
export async function planSearch(
  options: SearchOptions,
  { signal }: { readonly signal: AbortSignal },
): Promise<{
  readonly lines: readonly string[];
  readonly plan: SearchPlan;
  readonly seconds: number | null;
}> {
  const began = Date.now();
  const space = await loadSpace(options.space);
  const { dataset } = await loadData(options, { signal, onEvent: () => {} });
  const plan = planOf(options, await facts(options, space, dataset, began));
  const seconds = plan.time?.totalSeconds ?? null;
  return { lines: describePlan(plan, options, { name: space.name, size: sizeOf(space) }), plan, seconds };
}

/** Writes a run's files again from its storage. @returns their paths */
export async function reportRun(out: string): Promise<readonly string[]> {
  const folder = runFolder(out);
  const storage = await openSqlite(folder.database, { mode: 'read' });
  try {
    const options = (await get(storage, 'options')) ?? fail('STORAGE_MISSING', { path: out });
    return await writeOutputs(
      { ...LATER_OPTIONS, ...options, out },
      folder,
      storage,
      await loadSpace(options.space),
    );
  } finally {
    await storage.close();
  }
}

async function run(
  options: SearchOptions,
  folder: RunFolder,
  storage: StudyStorage,
  hooks: SearchHooks,
  began: number,
): Promise<SearchResult> {
  const { onEvent, signal } = hooks;
  const watch = await createStopwatch(storage, began, 'reading data');
  const spentBefore = watch.total() - (Date.now() - began) / 1000;
  const space = await loadSpace(options.space);
  const finished = await get(storage, 'done');
  if (finished !== null) {
    onEvent({ event: 'exported', files: await writeOutputs(options, folder, storage, space) });
    onEvent(finished);
    return finished;
  }
  try {
    const { dataset, report } = await readData(options, folder, storage, hooks);
    onEvent({ event: 'data', report });
    const plan = (await get(storage, 'plan')) ?? planOf(options, await facts(options, space, dataset, began));
    await put(storage, 'plan', plan);
    const start = began - spentBefore * 1000;
    const deadline = plan.time === null ? null : start + plan.time.totalSeconds * 1000;
    const lines = describePlan(plan, options, { name: space.name, size: sizeOf(space) });
    onEvent({ event: 'plan', lines, trials: plan.trials, deadline, workers: plan.workers });

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
    if (!signal.aborted || error instanceof EspalierError) throw error;
  } finally {
    await watch.save();
  }
  if ((await get(storage, 'dataReport')) !== null) await writeOutputs(options, folder, storage, space);
  onEvent({ event: 'warning', message: `stopped; go on with: espalier resume ${options.out}` });
  return null;
}

async function facts(
  options: SearchOptions,
  space: SearchSpace,
  dataset: ImageDataset,
  began: number,
): Promise<Parameters<typeof planOf>[1]> {
  const speed = options.timeSeconds === null ? 0 : await measureTrainingSpeed();
  const { usableCores } = describeMachine();
  const { train, height, width } = dataset;
  return {
    members: Number(spaceSize(space) ?? Number.POSITIVE_INFINITY),
    macs: options.timeSeconds === null ? [] : usualMacs(space, dataset),
    levels: findStrategy(options.strategy).levels ?? 1,
    trainImages: train.count,
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
      return [networkCost(space.build(sampleGenome(space, random.split(i), 'decisions'), io)).macs];
    } catch (error) {
      // Some genomes cannot be built for small images.
      if (error instanceof EspalierError) return [];
      throw error;
    }
  });
  return macs.flat().sort((a, b) => a - b);
}

function sizeOf(space: SearchSpace): string | null {
  return spaceSize(space)?.toLocaleString('en') ?? null;
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (cause) {
    fail('STORAGE', { path, reason: cause instanceof Error ? cause.message : String(cause) }, cause);
  }
}
