/** `pareto.csv`: the trials of the Pareto front as a table (RFC 4180). */

import { writeWhole } from '../disk.ts';
import type { Trial } from '../study/trial.ts';
import type { LatencySources } from './data.ts';

const quote = (cell: string): string => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);

/**
 * One row a trial: number, every measure that any of them has, for each other device whether its latency was measured or
 * predicted (`latencySource@NAME`), and the genome as JSON.
 */
export async function writePareto(
  front: readonly Trial[],
  path: string,
  sources: LatencySources = {},
): Promise<void> {
  const measures = [...new Set(front.flatMap((trial) => Object.keys(trial.measures)))];
  const rows = [
    ['trial', ...measures, ...Object.keys(sources).map((name) => `latencySource@${name}`), 'genome'],
    ...front.map((trial) => [
      String(trial.number),
      ...measures.map((name) => String(trial.measures[name] ?? '')),
      ...Object.values(sources),
      JSON.stringify(trial.genome),
    ]),
  ];
  await writeWhole(path, rows.map((row) => `${row.map(quote).join(',')}\r\n`).join(''));
}
