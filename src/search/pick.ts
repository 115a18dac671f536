/** The most accurate trained network of a run that keeps bounds. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deviceOf } from '../device/remote/measure-name.ts';
import { checkPlace, readingReason, writeWhole } from '../disk.ts';
import { fail } from '../errors.ts';
import type { Winner } from '../report/data.ts';
import { formatMeasure, measureLabel } from '../report/format.ts';
import { openSqlite } from '../storage/sqlite.ts';
import { broken } from '../study/measure.ts';
import type { Constraint, Measures } from '../study/trial.ts';
import { latenciesByDevice, latencySources } from './devices.ts';
import type { DeviceLatency } from './events.ts';
import { in8Bits } from './objectives.ts';
import { get } from './record.ts';
import { runFolder } from './run-folder.ts';

export type Precision = 'float' | 'int8';

export interface PickRequest {
  readonly run: string;
  /** By their measures in float: with int8, those of latency and size are for the model in 8 bits. */
  readonly bounds: readonly Constraint[];
  /** Percentage points of validation accuracy that a model in 8 bits may have lost; null: no bound. */
  readonly maxDropPoints: number | null;
  /** Which file is taken, and whose figures count; null: in 8 bits where the run judged by them. */
  readonly precision: Precision | null;
  /** The network of this trial, whatever the accuracy of others; null: the most accurate. */
  readonly trial: number | null;
  /** Where the copy goes. */
  readonly out: string;
  /** Whether a file there may be replaced. */
  readonly overwrite: boolean;
}

export interface Picked {
  readonly member: Winner;
  readonly precision: Precision;
  /** The copy. */
  readonly file: string;
  /** Its latencies on other devices. */
  readonly devices: Readonly<Record<string, DeviceLatency>>;
}

/**
 * Copies the member with the highest validation accuracy among those that keep the bounds. The test split stays out of it:
 * it was used once.
 * @throws STORAGE_MISSING; STORAGE, FILE_EXISTS when the copy cannot be there; USAGE for a loss of a network in float; NOT_PICKED with the nearest member when none keeps the bounds
 */
export async function pickModel({
  run,
  bounds,
  maxDropPoints,
  precision: wanted,
  trial,
  out,
  overwrite,
}: PickRequest): Promise<Picked> {
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
    const options = await get(storage, 'options');
    const judged: Precision = options?.int8 ? 'int8' : 'float';
    const precision = wanted ?? judged;
    if (maxDropPoints !== null && precision === 'float')
      fail('USAGE', { what: '--max-drop: a network in float has lost nothing', hint: 'Leave it out.' });
    const open = ofTrial(inPrecision(members, precision, run), trial, run);
    const own = precision === 'int8' ? bounds.map((b) => ({ ...b, measure: in8Bits(b.measure) })) : bounds;
    const accuracy = ({ measures }: Winner): number =>
      measures[precision === 'int8' ? 'int8ValAccuracy' : 'valAccuracy']!;
    const figures = ({ measures }: Winner): Measures =>
      precision === judged ? measures : withoutMemory(measures);
    // A figure that was not measured, on a device that was away in the end, is not known to keep its bound.
    const known = (measures: Measures): boolean =>
      own.every(({ measure }) => measures[measure] !== undefined);
    const fitting = open.filter((member) => {
      const measures = figures(member);
      const kept = maxDropPoints === null || lostPoints(member) <= maxDropPoints;
      return kept && known(measures) && broken(own, measures).length === 0;
    });
    const best = fitting.reduce<Winner | null>(
      (a, b) => (a === null || accuracy(b) > accuracy(a) ? b : a),
      null,
    );
    if (best === null)
      return fail('NOT_PICKED', {
        run,
        reason: `${open.length === 1 ? 'its one trained network does not keep' : `none of its ${open.length} trained networks keeps`} ${[
          ...nearest(own, open.map(figures)),
          ...(maxDropPoints === null ? [] : [nearestDrop(maxDropPoints, open)]),
        ].join(' and ')}`,
        hint: 'Raise the bound, or search with the same one: `espalier search` has it too, and measures what it needs.',
      });
    checkPlace({ path: out, overwrite });
    const source = join(run, fileOf(best, precision));
    const bytes = await readFile(source).catch((cause: Error) =>
      fail('STORAGE', { path: source, reason: readingReason(cause) }, cause),
    );
    await writeWhole(out, bytes);
    const devices = latenciesByDevice(best.measures, latencySources(options?.devices ?? {}));
    return { member: best, precision, file: out, devices };
  } finally {
    await storage.close();
  }
}

/** @throws NOT_PICKED when no network is there in that precision */
function inPrecision(members: readonly Winner[], precision: Precision, run: string): readonly Winner[] {
  if (precision === 'float') return members;
  const found = members.filter(({ measures }) => measures.int8ValAccuracy !== undefined);
  if (found.length > 0) return found;
  return fail('NOT_PICKED', {
    run,
    reason: 'none of its networks is there in 8 bits',
    hint: 'Pick with --precision float, and quantise it: espalier quantize picked.onnx --data DATA.',
  });
}

function ofTrial(members: readonly Winner[], trial: number | null, run: string): readonly Winner[] {
  if (trial === null) return members;
  const found = members.filter((member) => member.trial === trial);
  if (found.length > 0) return found;
  return fail('NOT_PICKED', {
    run,
    reason: `the network of trial ${trial} was not trained fully`,
    hint: `Those that were are of the trials ${members.map((member) => member.trial).join(', ')}.`,
  });
}

/** Measured of the model that the search judged by: the other one takes other memory. */
const withoutMemory = (measures: Measures): Measures =>
  Object.fromEntries(
    Object.entries(measures).filter(([name]) => deviceOf(name).measure !== 'peakMemoryBytes'),
  );

/** In percentage points of validation accuracy; counts of images are exact, and what is left of a difference is rounding. */
const lostPoints = ({ measures: { valAccuracy = 0, int8ValAccuracy = 0 } }: Winner): number =>
  Number((100 * (valAccuracy - int8ValAccuracy)).toFixed(9));

const nearest = (bounds: readonly Constraint[], members: readonly Measures[]): string[] =>
  bounds.map(({ measure, max }) => {
    const least = Math.min(...members.map((measures) => measures[measure] ?? Number.POSITIVE_INFINITY));
    return `${measureLabel(measure)} ≤ ${formatMeasure(measure, max)} (${Number.isFinite(least) ? `the least there is: ${formatMeasure(measure, least)}` : 'it was not measured'})`;
  });

const nearestDrop = (max: number, members: readonly Winner[]): string =>
  `a loss of ${max} points in 8 bits (the least there is: ${Math.min(...members.map(lostPoints))})`;

/** Runs of before do not name the file in 8 bits. */
const fileOf = ({ model, int8 }: Winner, precision: Precision): string =>
  precision === 'float' ? model.file : (int8?.file ?? model.file.replace(/\.onnx$/, '.int8.onnx'));
