/** What a folder of runs holds, for `espalier studies`. */
import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { EspalierError } from '../errors.ts';
import { openSqlite } from '../storage/sqlite.ts';
import { bestTrial } from '../study/pareto-front.ts';
import type { Trial, TrialState } from '../study/trial.ts';
import { get } from './record.ts';
import { runFolder } from './run-folder.ts';

export interface RunSummary {
  readonly path: string;
  readonly state: 'finished' | 'unfinished' | 'unreadable';
  /** Why it cannot be read; null otherwise. */
  readonly reason: string | null;
  /** What was searched on. */
  readonly data: string | null;
  readonly trials: Readonly<Partial<Record<TrialState, number>>>;
  readonly best: Trial | null;
  /** Of the exported network; of the best trial as long as there is none. Null before either. */
  readonly valAccuracy: number | null;
  readonly params: number | null;
  readonly testAccuracy: number | null;
  /** Milliseconds since the epoch of the last change. */
  readonly changedAt: number;
}

const isRun = (path: string): boolean => existsSync(runFolder(path).database);

/** The runs in `folder` (itself, or its direct subfolders), last changed first. */
export async function listRuns(folder: string): Promise<RunSummary[]> {
  if (isRun(folder)) return [await summarise(folder)];
  const entries = existsSync(folder) ? await readdir(folder, { withFileTypes: true }) : [];
  const paths = entries.filter((entry) => entry.isDirectory()).map((entry) => join(folder, entry.name));
  const runs = await Promise.all(paths.filter(isRun).map(summarise));
  return runs.sort((a, b) => b.changedAt - a.changedAt);
}

async function summarise(path: string): Promise<RunSummary> {
  const { database } = runFolder(path);
  const unreadable = {
    path,
    state: 'unreadable',
    reason: null,
    data: null,
    trials: {},
    best: null,
    valAccuracy: null,
    params: null,
    testAccuracy: null,
    changedAt: (await stat(database)).mtimeMs,
  } as const;
  try {
    const storage = await openSqlite(database, { mode: 'read' });
    try {
      const [options, done, trials] = [
        await get(storage, 'options'),
        await get(storage, 'done'),
        await storage.trials(),
      ];
      const counts: Partial<Record<TrialState, number>> = {};
      for (const { state } of trials) counts[state] = (counts[state] ?? 0) + 1;
      const best = options === null ? null : bestTrial(trials, options.objectives, []);
      return {
        ...unreadable,
        state: done === null ? 'unfinished' : 'finished',
        data: options?.data ?? null,
        trials: counts,
        best,
        valAccuracy: done?.valAccuracy ?? best?.measures.valAccuracy ?? null,
        params: done?.params ?? best?.measures.params ?? null,
        testAccuracy: done?.testAccuracy ?? null,
      };
    } finally {
      await storage.close();
    }
  } catch (error) {
    // One damaged run must not hide the others.
    if (!(error instanceof EspalierError)) throw error;
    return { ...unreadable, reason: error.message };
  }
}
