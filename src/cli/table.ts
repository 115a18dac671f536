/** Plain text tables. */
import { stripVTControlCharacters } from 'node:util';

const width = (text: string): number => [...stripVTControlCharacters(text)].length;

/** Cuts `text` to `columns`, with an ellipsis. Text without escape codes only. */
export const truncate = (text: string, columns: number): string => {
  const characters = [...text];
  return characters.length <= columns ? text : `${characters.slice(0, Math.max(0, columns - 1)).join('')}…`;
};

/**
 * Lines of a table, columns two spaces apart. `align` has one letter a column: `l` or `r`; left where it is short.
 * The last column is not padded.
 */
export function tableLines(rows: readonly (readonly string[])[], align = ''): string[] {
  const widths: number[] = [];
  for (const row of rows)
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, width(cell));
  return rows.map((row) =>
    row
      .map((cell, i) => {
        const gap = ' '.repeat(widths[i]! - width(cell));
        if (align[i] === 'r') return gap + cell;
        return i === row.length - 1 ? cell : cell + gap;
      })
      .join('  ')
      .trimEnd(),
  );
}
