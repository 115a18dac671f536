/** `trials.json`: all trials of a study for other programs. */

import { writeWhole } from '../disk.ts';
import type { Trial } from '../study/trial.ts';
import type { LatencySources } from './data.ts';

/**
 * An array in order of number; every element has `number`, `state`, `genome`, `measures`, `latencySource` and `reason`.
 * @param sources which latencies of other devices were measured and which predicted
 */
export async function writeTrials(
  trials: readonly Trial[],
  path: string,
  sources: LatencySources = {},
): Promise<void> {
  const rows = trials.map(
    ({ number, state, genome, hash, training, note, measures, reason, curve, startedAt, endedAt }) => ({
      number,
      state,
      genome,
      hash,
      training,
      note,
      measures,
      ...(Object.keys(sources).length > 0 && { latencySource: sources }),
      reason,
      curve,
      startedAt,
      endedAt,
    }),
  );
  // A trial a line: short to scroll, easy to compare between two runs.
  await writeWhole(path, `[\n${rows.map((row) => JSON.stringify(row)).join(',\n')}\n]\n`);
}
