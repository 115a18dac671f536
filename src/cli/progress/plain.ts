/** Progress without a terminal: a line whenever something is finished. */
import { formatMeasure, formatPercent, formatSeconds, numberOf } from '../../report/format.ts';
import type { SearchEvent } from '../../search/events.ts';
import { tableLines } from '../table.ts';
import { timeLeftText } from './render.ts';
import { advance, countedTrials, initialProgress } from './state.ts';
import { TRIAL_ALIGN, TRIAL_COLUMNS, trialRow } from './trial-row.ts';

/** Long work is told in tenths. */
const STEPS = 10;

/** Fixed widths, so that lines written one by one still stand in columns. */
const WIDTHS = ['    0', 'complete', '100.00 %', '00.0 M', '00.0 M', '0.0000 ms', ''];
const inColumns = (cells: readonly string[]): string => tableLines([WIDTHS, [...cells]], TRIAL_ALIGN)[1]!;

/** A function from events to the lines they are worth. */
export function plainLines(
  describeData: (report: Extract<SearchEvent, { event: 'data' }>['report']) => string[],
  now: () => number = Date.now,
) {
  let state = initialProgress;
  const told = new Map<string, number>();
  let accuracy: number | null = null;
  let headed = false;
  /** A line when `share` has reached the next tenth. */
  const stepped = (what: string, share: number, line: () => string): string[] => {
    const step = Math.floor(share * STEPS);
    if (step <= (told.get(what) ?? -1)) return [];
    told.set(what, step);
    return [line()];
  };
  /** Where the search stands: `[3 of 20, best 98.10 % (trial 1), front 2, about 5 min 10 s left]`. */
  const standing = (): string => {
    const { best, front, budget } = state;
    const counted = countedTrials(state).length;
    const parts = [
      budget.trials === null ? `${counted}` : `${counted} of ${budget.trials}`,
      ...(best === null
        ? []
        : [`best ${formatMeasure('valAccuracy', best.measures.valAccuracy)} (trial ${best.number})`]),
      ...(front.length === 0 ? [] : [`front ${front.length}`]),
      timeLeftText(state, now()) ?? [],
    ].flat();
    return `  [${parts.join(', ')}]`;
  };
  return (event: SearchEvent): string[] => {
    state = advance(state, event);
    switch (event.event) {
      case 'data-loading':
        return stepped(
          'data',
          event.done / Math.max(1, event.total),
          () => `reading images: ${event.done} of ${event.total}`,
        );
      case 'data':
        return describeData(event.report);
      case 'plan':
        return [...event.lines];
      case 'resumed':
        return [
          `${numberOf(event.trials.length, 'trial')} ${event.trials.length === 1 ? 'was' : 'were'} finished before`,
        ];
      case 'preparing':
        return stepped(
          event.what,
          event.progress,
          () => `${event.what}: ${Math.round(100 * event.progress)} %`,
        );
      case 'trial-finished': {
        const row = `${inColumns(trialRow(event.trial, 100))}${standing()}`;
        const isFirst = !headed;
        headed = true;
        return isFirst ? [inColumns(TRIAL_COLUMNS), row] : [row];
      }
      case 'final-started':
        accuracy = null;
        return [`final training of trial ${event.trial}: ${numberOf(event.epochs, 'epoch')} on all data`];
      case 'final-progress':
        accuracy = event.valAccuracy ?? accuracy;
        return stepped(`final ${event.trial}`, event.progress, () => {
          const known = accuracy === null ? '' : `, validation ${formatPercent(accuracy)}`;
          return `final training: ${Math.round(100 * event.progress)} %${known}`;
        });
      case 'tested':
        return [`test accuracy: ${formatPercent(event.testAccuracy)} of ${event.testCount} images`];
      case 'exported':
        return event.files.map((file) => `wrote ${file}`);
      case 'warning':
        return [`warning: ${event.message}`];
      case 'stopped':
        return [`stopped; go on with: espalier resume ${event.out}`];
      case 'trial-started':
      case 'trial-progress':
        return [];
      case 'done':
        return [`done in ${formatSeconds(event.seconds)}`];
    }
  };
}
