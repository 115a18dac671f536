/** Accuracy against a cost: all trials, and those that no other beats. */
import type { Trial } from '../../study/trial.ts';
import { formatMeasure, formatPercent, measureLabel } from '../format.ts';
import type { Html } from '../html.ts';
import { axisStyle, chart, INK, legendStyle, percentRange } from './chart.ts';

export interface ParetoRequest {
  readonly trials: readonly Trial[];
  /** The measure that accuracy is drawn against. */
  readonly cost: string;
  readonly front: ReadonlySet<number>;
  readonly winner: number | null;
}

/** Those that no other beats in this cost and accuracy, by cost: the line of the plot. */
function staircase(trials: readonly Trial[], cost: string): Trial[] {
  const ascending = [...trials].sort(
    (a, b) => a.measures[cost]! - b.measures[cost]! || b.measures.valAccuracy! - a.measures.valAccuracy!,
  );
  const line: Trial[] = [];
  for (const trial of ascending)
    if (line.length === 0 || trial.measures.valAccuracy! > line[line.length - 1]!.measures.valAccuracy!)
      line.push(trial);
  return line;
}

/** Null when fewer than two trials have both measures. */
export function paretoChart({ trials, cost, front, winner }: ParetoRequest): Html | null {
  const known = trials.filter(
    (t) => t.state === 'complete' && t.measures[cost] !== undefined && t.measures.valAccuracy !== undefined,
  );
  if (known.length < 2) return null;
  const costs = known.map((t) => t.measures[cost]!);
  const spread = Math.max(...costs) / Math.min(...costs);
  // Costs of a space often span orders of magnitude.
  const logarithmic = Math.min(...costs) > 0 && spread > 8;
  const point = (t: Trial): [number, number] => [t.measures[cost]!, 100 * t.measures.valAccuracy!];
  const groups = [
    {
      name: 'trial',
      trials: known.filter((t) => !front.has(t.number) && t.number !== winner),
      color: INK.warm,
      size: 7,
    },
    {
      name: 'Pareto front',
      trials: known.filter((t) => front.has(t.number) && t.number !== winner),
      color: INK.accent,
      size: 10,
    },
    { name: 'chosen', trials: known.filter((t) => t.number === winner), color: INK.second, size: 15 },
  ];
  return chart({
    label: `Validation accuracy against ${measureLabel(cost)}`,
    height: 340,
    option: (wide) => ({
      grid: { left: 56, right: 20, top: 36, bottom: 48 },
      legend: { ...legendStyle, data: groups.filter((g) => g.trials.length > 0).map((g) => g.name) },
      xAxis: {
        type: logarithmic ? 'log' : 'value',
        // Axes end at powers of their base: a small one keeps them close to the points.
        logBase: spread > 256 ? 10 : 2,
        name: measureLabel(cost),
        nameLocation: 'middle',
        nameGap: 30,
        scale: true,
        splitNumber: wide ? 6 : 3,
        ...axisStyle,
        splitLine: { show: false },
        axisLabel: { ...axisStyle.axisLabel, formatter: (value: number) => formatMeasure(cost, value) },
      },
      yAxis: { type: 'value', ...axisStyle, ...percentRange(known.map((t) => point(t)[1])) },
      series: [
        {
          type: 'line',
          step: 'end',
          data: staircase(known, cost).map(point),
          showSymbol: false,
          lineStyle: { color: INK.accent, width: 1.5, type: 'dashed' },
        },
        ...groups.map((group) => ({
          name: group.name,
          type: 'scatter',
          data: group.trials.map(point),
          symbol: group.name === 'chosen' ? 'diamond' : 'circle',
          symbolSize: group.size,
          itemStyle: { color: group.color, opacity: 0.9 },
        })),
      ],
    }),
    tip(series, index) {
      const trial = series === 0 ? undefined : groups[series - 1]!.trials[index];
      if (!trial) return null;
      return `trial ${trial.number}: ${formatPercent(trial.measures.valAccuracy!)} at ${formatMeasure(cost, trial.measures[cost])}`;
    },
  });
}
