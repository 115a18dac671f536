/** A table of evaluated architectures: a CSV file, gzipped or not, with a header. */
import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { parse } from 'csv-parse/sync';
import { EspalierError, fail } from '../errors.ts';

/** A CSV file as text cells by column. */
export interface Table {
  /** Named in errors. */
  readonly path: string;
  /** The header, in order. */
  readonly columns: readonly string[];
  /** Cells by column, as text; '' where a line is too short. */
  readonly rows: readonly Readonly<Record<string, string>>[];
}

/**
 * Reads a CSV file with a header (RFC 4180), gzipped or not.
 * @throws TABLE when the file is missing, cannot be read, is no CSV, or has no rows
 */
export function readTable(path: string): Table {
  if (!existsSync(path)) fail('TABLE', { path, reason: 'there is no such file' });
  try {
    const bytes = readFileSync(path);
    const gzipped = bytes[0] === 0x1f && bytes[1] === 0x8b;
    const text = (gzipped ? gunzipSync(bytes) : bytes).toString('utf8');
    const [columns = [], ...lines] = parse(text, { skip_empty_lines: true, bom: true });
    if (lines.length === 0) fail('TABLE', { path, reason: 'it has no rows' });
    const rows = lines.map((line) =>
      Object.fromEntries(columns.map((name, i) => [name, line[i] ?? ''] as const)),
    );
    return { path, columns, rows };
  } catch (cause) {
    if (cause instanceof EspalierError) throw cause;
    return fail('TABLE', { path, reason: (cause as Error).message }, cause);
  }
}

/** A column as numbers, NaN where a cell is empty or not a number. @throws TABLE when there is no such column */
export function numericColumn({ path, columns, rows }: Table, name: string): Float64Array {
  if (!columns.includes(name))
    fail('TABLE', { path, reason: `it has no column "${name}", but ${columns.join(', ')}` });
  return Float64Array.from(rows, (row) => {
    const text = row[name]!.trim();
    return text === '' ? Number.NaN : Number(text);
  });
}

/** The rows whose columns hold these texts. @throws TABLE when there is no such column, or no such row */
export function rowsWhere(
  table: Table,
  conditions: readonly { readonly column: string; readonly value: string }[],
): Table {
  const { path, columns, rows } = table;
  if (conditions.length === 0) return table;
  for (const { column } of conditions)
    if (!columns.includes(column))
      fail('TABLE', { path, reason: `it has no column "${column}", but ${columns.join(', ')}` });
  const kept = rows.filter((row) => conditions.every(({ column, value }) => row[column]!.trim() === value));
  if (kept.length === 0) {
    const asked = conditions.map(({ column, value }) => `${column}=${value}`).join(' and ');
    const values = [...new Set(rows.map((row) => row[conditions[0]!.column]!.trim()))];
    const some = values.length > 12 ? `${values.slice(0, 12).join(', ')}, …` : values.join(', ');
    fail('TABLE', { path, reason: `no row has ${asked}; ${conditions[0]!.column} is one of ${some}` });
  }
  return { path, columns, rows: kept };
}
