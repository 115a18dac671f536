/** The folder of a run that begins: taken while it works, and left as it was when the run fails before its first trial. */
import { existsSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { isPart, makeFolder } from '../disk.ts';
import { EspalierError, fail } from '../errors.ts';
import { openSqlite } from '../storage/sqlite.ts';
import type { StudyStorage } from '../storage/storage.ts';
import type { RunFolder } from './run-folder.ts';

/**
 * Refuses a folder that holds a run, or files that are not of a run but bear the names that its files would have. A database
 * without trials, of a search that was killed before it began, is no run.
 * @throws RUN_EXISTS, FILE_EXISTS; STORAGE_LOCKED while another process works there; STORAGE_FOREIGN, STORAGE_VERSION
 */
export async function refuseRun(folder: RunFolder): Promise<void> {
  await refuseTrials(folder);
  const { path, database, model, int8Model, network, weights, trials, pareto, report } = folder;
  // What a search that was killed before its first trial leaves beside its database.
  const early = existsSync(database) ? [] : [folder.dataset, folder.devices, folder.calibrations];
  const taken = [model, int8Model, network, weights, trials, pareto, report, ...early].find(existsSync);
  if (taken !== undefined)
    fail('FILE_EXISTS', {
      path: taken,
      hint: `A search into ${path} would replace it. Choose another folder with --out, or move the file away.`,
    });
}

async function refuseTrials({ path, database }: RunFolder): Promise<void> {
  if (!existsSync(database)) return;
  for (const mode of ['read', 'write'] as const) {
    const storage = await openSqlite(database, { mode });
    const trials = await storage.trials().finally(() => storage.close());
    if (trials.length > 0) fail('RUN_EXISTS', { path });
  }
}

/**
 * Makes the folder and gives its storage to `work`. When `work` fails and there are no trials, what was made is removed.
 * @throws what {@link refuseRun} and `work` throw; STORAGE
 */
export async function inNewRun<T>(
  folder: RunFolder,
  work: (storage: StudyStorage) => Promise<T>,
): Promise<T> {
  await refuseRun(folder);
  const topmost = makeFolder(folder.path);
  let worthless = false;
  try {
    if (existsSync(folder.database)) removeFiles(folder);
    const storage = await openSqlite(folder.database, { mode: 'write' }).catch((error) => {
      // Somebody else's, who was a moment faster, must stay.
      worthless = !(error instanceof EspalierError && error.code === 'STORAGE_LOCKED');
      throw error;
    });
    try {
      return await work(storage);
    } catch (error) {
      const trials = await storage.trials().catch(() => null);
      worthless = trials?.length === 0;
      throw error;
    } finally {
      await storage.close();
    }
  } finally {
    if (worthless) {
      removeFiles(folder);
      removeFolders(folder.path, topmost);
    }
  }
}

/** Removes files that a killed process was still writing. */
export function removeParts({ path }: RunFolder): void {
  for (const folder of [path, join(path, 'models')])
    for (const name of existsSync(folder) ? readdirSync(folder) : [])
      if (isPart(name)) rmSync(join(folder, name), { force: true });
}

function removeFiles(folder: RunFolder): void {
  const { database, dataset, devices, calibrations } = folder;
  const besides = ['', '-wal', '-shm', '-journal', '.lock', '.lock-journal'].map(
    (end) => `${database}${end}`,
  );
  for (const file of [...besides, dataset, devices]) rmSync(file, { force: true });
  rmSync(calibrations, { force: true, recursive: true });
  removeParts(folder);
}

/** Those that were made, as far as they are empty. */
function removeFolders(path: string, topmost: string | null): void {
  if (topmost === null) return;
  for (let folder = resolve(path); folder.length >= topmost.length; folder = dirname(folder)) {
    if (existsSync(folder) && readdirSync(folder).length > 0) return;
    rmdirSync(folder);
  }
}
