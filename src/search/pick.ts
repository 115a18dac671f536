/** The most accurate trained network of a run that keeps bounds. */
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deviceOf } from '../device/remote/measure-name.ts';
import { fail } from '../errors.ts';
import type { Winner } from '../report/data.ts';
import { openSqlite } from '../storage/sqlite.ts';
import { broken, measureInfo } from '../study/measure.ts';
import type { Constraint, Measures } from '../study/trial.ts';
import { get } from './record.ts';
import { runFolder } from './run-folder.ts';

export interface Picked {
  readonly member: Winner;
  /** The copy. */
  readonly file: string;
}

/**
 * Copies the member with the highest validation accuracy among those that keep the bounds. The test split stays out of it:
 * it was used once.
 * @throws STORAGE_MISSING; NOT_PICKED with the nearest member when none keeps the bounds
 */
export async function pickModel(run: string, bounds: readonly Constraint[], out: string): Promise<Picked> {
  const folder = runFolder(run);
  const storage = await openSqlite(folder.database, { mode: 'read' });
  try {
    const members = (await get(storage, 'members')) ?? [];
    if (members.length === 0)
      return fail('NOT_PICKED', {
        run,
        reason: 'no network was trained fully yet',
        hint: `Go on with: espalier resume ${run}`,
      });
    const accuracy = ({ measures }: Winner): number => measures.valAccuracy!;
    // A latency on a device that was away in the end is not known to keep its bound.
    const known = (measures: Measures): boolean =>
      bounds.every(({ measure }) => deviceOf(measure).device === null || measures[measure] !== undefined);
    const fitting = members.filter(
      ({ measures }) => known(measures) && broken(bounds, measures).length === 0,
    );
    const best = fitting.reduce<Winner | null>(
      (a, b) => (a === null || accuracy(b) > accuracy(a) ? b : a),
      null,
    );
    if (best === null) {
      const nearest = bounds.map(({ measure, max }) => {
        const least = Math.min(
          ...members.map(({ measures }) => measures[measure] ?? Number.POSITIVE_INFINITY),
        );
        return `${measureInfo(measure).label} ${max} (${Number.isFinite(least) ? `the least there is: ${least}` : 'it was not measured'})`;
      });
      return fail('NOT_PICKED', {
        run,
        reason: `none of its ${members.length} trained networks keeps ${nearest.join(' and ')}`,
        hint: 'Raise the bound, or search with it: espalier search … --max-latency, --max-params, --max-macs.',
      });
    }
    await copyFile(join(run, best.model.file), out).catch((cause: Error) =>
      fail('STORAGE', { path: out, reason: cause.message }, cause),
    );
    return { member: best, file: out };
  } finally {
    await storage.close();
  }
}
