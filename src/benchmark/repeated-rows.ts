/** Rows of a table that hold one architecture: measured several times, or in several tasks. */
import { fail } from '../errors.ts';
import type { Table } from './table.ts';

/** Most values of a column that tells kinds of rows apart; each stands in two rows or more on average. */
const FEW = 12;

/**
 * Two rows of one architecture whose values differ are two measurements of it, unless a column says that they are of two
 * kinds (a task, a data set, a seed): then one must be chosen.
 * @throws TABLE with the columns that tell the two apart
 */
export function refuseKinds(table: Table, first: number, second: number, column: string): void {
  const most = Math.min(FEW, table.rows.length / 2);
  const advice = table.columns
    .map((name) => ({ name, values: [...new Set(table.rows.map((row) => row[name]!))] }))
    .filter(
      ({ name, values }) => table.rows[first]![name] !== table.rows[second]![name] && values.length <= most,
    )
    .map(({ name, values }) => `--where ${name}=${values.join('|')}`)
    .join(' or ');
  if (advice !== '')
    fail('TABLE', {
      path: table.path,
      reason:
        `rows ${first + 1} and ${second + 1} are of one architecture, and their "${column}" differs; ` +
        `choose the rows that are meant, with ${advice}`,
    });
}

/** The mean of the finite ones among the values of some rows; NaN where there are none. */
export function meanOf(values: Float64Array, rows: readonly number[]): number {
  let [sum, count] = [0, 0];
  for (const row of rows)
    if (Number.isFinite(values[row])) {
      sum += values[row]!;
      count++;
    }
  return count === 0 ? Number.NaN : sum / count;
}
