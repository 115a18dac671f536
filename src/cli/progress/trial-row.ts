/** A trial as one row of a table. */
import { formatMeasure } from '../../report/format.ts';
import { describeGenome } from '../../space/json.ts';
import type { Trial } from '../../study/trial.ts';
import { truncate } from '../table.ts';

export const TRIAL_COLUMNS = ['trial', 'state', 'val acc', 'params', 'MACs', 'latency', 'genome'] as const;
export const TRIAL_ALIGN = 'rlrrrrl';

/** Cells as in {@link TRIAL_COLUMNS}; the last holds the genome, or why there is no result, in at most `room` columns. */
export function trialRow(trial: Trial, room: number): string[] {
  const measure = (name: string): string => formatMeasure(name, trial.measures[name]);
  return [
    String(trial.number),
    trial.state,
    measure('valAccuracy'),
    measure('params'),
    measure('macs'),
    measure('latencyMs'),
    truncate(trial.reason ?? describeGenome(trial.genome), Math.max(12, room)),
  ];
}
