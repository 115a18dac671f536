/** Columns of a second table in the order of a first: scores are often in a file of their own. */
import { fail } from '../errors.ts';
import type { SearchSpace } from '../space/space.ts';
import { genomeKey } from './genome-key.ts';
import { meanOf, refuseKinds } from './repeated-rows.ts';
import { numericColumn, type Table } from './table.ts';

/**
 * Rows are matched by the column `index` where both tables have one; else by the architecture that the space finds in
 * them; else row by row where there are as many. NaN where the second table has no such row.
 * @throws TABLE when they cannot be matched, or two rows of one architecture disagree
 */
export function matchedColumn(table: Table, other: Table, column: string, space: SearchSpace): Float64Array {
  const values = numericColumn(other, column);
  if (other.path === table.path) return values;
  if (table.columns.includes('index') && other.columns.includes('index')) {
    const at = new Map(other.rows.map((row, i) => [row.index!, values[i]!]));
    return Float64Array.from(table.rows, (row) => at.get(row.index!) ?? Number.NaN);
  }
  const byGenome = scoresByGenome(other, column, values, space);
  if (byGenome !== null) {
    const keyOf = genomeKey(space);
    return Float64Array.from(table.rows, (row) => {
      const genome = space.table?.genome(row) ?? null;
      return (genome === null ? undefined : byGenome.get(keyOf(genome))) ?? Number.NaN;
    });
  }
  if (other.rows.length === table.rows.length) return values;
  return fail('TABLE', {
    path: other.path,
    reason: 'its rows cannot be matched: it has no column "index", nor the columns that the space reads',
  });
}

/** Null where the table does not hold what the space's rule needs. */
function scoresByGenome(
  other: Table,
  column: string,
  values: Float64Array,
  space: SearchSpace,
): ReadonlyMap<string, number> | null {
  const keyOf = genomeKey(space);
  const found = new Map<string, number[]>();
  for (const [i, row] of other.rows.entries()) {
    const genome = space.table?.genome(row) ?? null;
    if (genome === null) return null;
    if (!Number.isFinite(values[i])) continue;
    const key = keyOf(genome);
    const before = found.get(key);
    if (before === undefined) found.set(key, [i]);
    else {
      if (values[before[0]!] !== values[i]) refuseKinds(other, before[0]!, i, column);
      before.push(i);
    }
  }
  return new Map([...found].map(([key, members]) => [key, meanOf(values, members)]));
}
