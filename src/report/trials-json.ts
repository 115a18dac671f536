/** `trials.json`: all trials of a study for other programs. */
import { writeFile } from 'node:fs/promises';
import type { Trial } from '../study/trial.ts';

/** An array in order of number; every element has `number`, `state`, `genome`, `measures` and `reason`. */
export async function writeTrials(trials: readonly Trial[], path: string): Promise<void> {
  const rows = trials.map(
    ({ number, state, genome, hash, training, note, measures, reason, curve, startedAt, endedAt }) => ({
      number,
      state,
      genome,
      hash,
      training,
      note,
      measures,
      reason,
      curve,
      startedAt,
      endedAt,
    }),
  );
  // A trial a line: short to scroll, easy to compare between two runs.
  await writeFile(path, `[\n${rows.map((row) => JSON.stringify(row)).join(',\n')}\n]\n`);
}
