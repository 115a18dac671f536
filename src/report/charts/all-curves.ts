/** Validation accuracy of all trials over their epochs, one line each: what was stopped, what fell behind, what won. */
import type { Trial } from '../../study/trial.ts';
import { formatPercent } from '../format.ts';
import type { Html } from '../html.ts';
import { axisStyle, chart, INK, legendStyle, percentRange } from './chart.ts';

export interface AllCurvesRequest {
  readonly trials: readonly Trial[];
  /** Numbers of the trials on the Pareto front. */
  readonly front: ReadonlySet<number>;
  /** Number of the chosen trial. */
  readonly winner: number | null;
}

/** With more points than this, points have no marks and say nothing under the pointer. */
const MOST_MARKS = 2000;

/** Drawn in this order, so that those that matter lie on top. */
const KINDS = [
  { name: 'other trials', color: INK.muted, width: 1, opacity: 0.45 },
  { name: 'Pareto front', color: INK.second, width: 1.5, opacity: 0.9 },
  { name: 'chosen', color: INK.accent, width: 2.5, opacity: 1 },
] as const;

/** Null unless two trials have two epochs each. */
export function allCurvesChart({ trials, front, winner }: AllCurvesRequest): Html | null {
  const trained = trials.filter(({ curve }) => curve.length >= 2);
  if (trained.length < 2) return null;
  const kindOf = ({ number }: Trial): number => (number === winner ? 2 : front.has(number) ? 1 : 0);
  const drawn = [...trained].sort((a, b) => kindOf(a) - kindOf(b) || a.number - b.number);
  const points = drawn.flatMap(({ curve }) => curve);
  const marks = points.length <= MOST_MARKS;
  const epochs = points.map(({ epoch }) => epoch);
  const named = KINDS.filter((_, kind) => drawn.some((trial) => kindOf(trial) === kind));
  return chart({
    label: `Validation accuracy of ${drawn.length} trials over their epochs`,
    height: 340,
    option: () => ({
      grid: { left: 56, right: 16, top: 36, bottom: 44 },
      legend: { ...legendStyle, data: named.map(({ name }) => name) },
      xAxis: {
        type: 'value',
        name: 'epoch',
        nameLocation: 'middle',
        nameGap: 28,
        min: Math.min(...epochs),
        max: Math.max(...epochs),
        minInterval: 1,
        ...axisStyle,
        splitLine: { show: false },
      },
      yAxis: {
        type: 'value',
        ...axisStyle,
        ...percentRange(points.map(({ valAccuracy }) => 100 * valAccuracy)),
      },
      series: drawn.map((trial) => {
        const { name, color, width, opacity } = KINDS[kindOf(trial)]!;
        return {
          name,
          type: 'line',
          data: trial.curve.map(({ epoch, valAccuracy }) => [epoch, 100 * valAccuracy]),
          symbol: 'circle',
          symbolSize: marks ? 4 : 0,
          lineStyle: { color, width, opacity },
          itemStyle: { color, opacity },
        };
      }),
    }),
    tip(series, index) {
      const trial = drawn[series];
      const point = trial?.curve[index];
      return trial === undefined || point === undefined
        ? null
        : `trial ${trial.number} (${trial.state}), epoch ${point.epoch}: ${formatPercent(point.valAccuracy)}`;
    },
  });
}
