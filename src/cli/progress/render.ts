/** The live view of a search: a few lines that are drawn again and again. Pure. */
import { formatMeasure, formatPercent, formatSeconds, numberOf } from '../../report/format.ts';
import { describeGenome } from '../../space/json.ts';
import type { Trial } from '../../study/trial.ts';
import { tableLines, truncate } from '../table.ts';
import { bar } from './bar.ts';
import { countedTrials, type ProgressState } from './state.ts';
import { secondsLeft } from './time-left.ts';
import { TRIAL_ALIGN, TRIAL_COLUMNS, trialRow } from './trial-row.ts';

const RECENT = 6;
const MOST_BARS = 8;
/** What the columns before the genome take. */
const ROW_WIDTH = 58;

export type Style = (style: 'bold' | 'dim' | 'green' | 'yellow' | 'red' | 'cyan', text: string) => string;

export function renderProgress(state: ProgressState, now: number, columns: number, style: Style): string {
  const lines = [
    ...(state.loading
      ? [`${bar(state.loading.done / Math.max(1, state.loading.total), 24)}  reading images`]
      : []),
    ...(state.preparing ? [`${bar(state.preparing.progress, 24)}  ${state.preparing.what}`] : []),
    ...recent(state, columns, style),
    ...summary(state, columns, style),
    ...running(state, columns, style),
    ...final(state, style),
    ...timeLeft(state, now, style),
  ];
  return lines.join('\n');
}

/** `about 3 min 20 s left`; exact where there is a deadline. Null while nothing is known. */
export function timeLeftText(state: ProgressState, now: number): string | null {
  const seconds = secondsLeft(state, now);
  if (seconds === null) return null;
  return `${state.budget.deadline === null ? 'about ' : ''}${formatSeconds(seconds)} left`;
}

const STATE_STYLE = { complete: 'green', pruned: 'yellow', failed: 'red' } as const;

function recent(state: ProgressState, columns: number, style: Style): string[] {
  const shown = state.finished.slice(-RECENT);
  if (shown.length === 0) return [];
  const [head, ...rows] = tableLines(
    [[...TRIAL_COLUMNS], ...shown.map((trial) => trialRow(trial, columns - ROW_WIDTH))],
    TRIAL_ALIGN,
  );
  const paint = (line: string, trial: Trial): string =>
    trial.number === state.best?.number
      ? style('bold', line)
      : trial.state === 'complete'
        ? line
        : style(trial.state === 'failed' ? STATE_STYLE.failed : 'dim', line);
  return [style('dim', head!), ...rows.map((line, i) => paint(line, shown[i]!)), ''];
}

function summary({ best, front, finished }: ProgressState, columns: number, style: Style): string[] {
  if (!best) return [];
  const count = (wanted: Trial['state']): number => finished.filter((trial) => trial.state === wanted).length;
  const figures = ['params', 'macs', 'latencyMs'].filter((name) => best.measures[name] !== undefined);
  const lines = [
    `${style('bold', 'best')}    trial ${best.number}: ${style('green', formatMeasure('valAccuracy', best.measures.valAccuracy))}, ` +
      figures
        .map(
          (name) =>
            formatMeasure(name, best.measures[name]) +
            (name === 'params' ? ' params' : name === 'macs' ? ' MACs' : ''),
        )
        .join(', '),
    style('dim', `        ${truncate(describeGenome(best.genome), columns - 8)}`),
  ];
  if (front.length > 1) lines.push(truncate(`front   ${front.map(frontPoint).join('  ')}`, columns));
  lines.push(`trials  ${count('complete')} complete, ${count('pruned')} pruned, ${count('failed')} failed`);
  return [...lines, ''];
}

/** Accuracy at cost: `98.1 %@1.2 ms`. */
const frontPoint = ({ measures }: Trial): string => {
  const cost = measures.latencyMs === undefined ? 'params' : 'latencyMs';
  return `${formatMeasure('valAccuracy', measures.valAccuracy)} @ ${formatMeasure(cost, measures[cost])}`;
};

const running = (state: ProgressState, columns: number, style: Style): string[] =>
  state.running
    .slice(0, MOST_BARS)
    .map(
      ({ trial, progress }) =>
        `${style('cyan', bar(progress, 16))} ${String(trial.number).padStart(4)}  ${style('dim', truncate(describeGenome(trial.genome), columns - 25))}`,
    );

function final({ final: training, testAccuracy }: ProgressState, style: Style): string[] {
  if (!training) return [];
  const accuracy = training.valAccuracy === null ? '' : `, ${formatPercent(training.valAccuracy)}`;
  const lines = [
    `${style('cyan', bar(training.progress, 24))}  final training of trial ${training.trial}, ${numberOf(training.epochs, 'epoch')}${accuracy}`,
  ];
  if (testAccuracy !== null) lines.push(`test    ${style('bold', formatPercent(testAccuracy))}`);
  return lines;
}

function timeLeft(state: ProgressState, now: number, style: Style): string[] {
  const { budget } = state;
  const parts: string[] = [];
  if (budget.trials !== null)
    parts.push(`${countedTrials(state).length} of ${numberOf(budget.trials, 'trial')}`);
  const left = state.phase === 'export' ? null : timeLeftText(state, now);
  if (left !== null) parts.push(left);
  return parts.length === 0 ? [] : [style('dim', parts.join(', '))];
}
