/** Search history: the accuracy of each trial, and the best so far. */
import type { Trial } from '../../study/trial.ts';
import { formatMeasure, formatPercent } from '../format.ts';
import type { Html } from '../html.ts';
import { axisStyle, chart, INK, legendStyle, percentRange } from './chart.ts';

export function historyChart(trials: readonly Trial[]): Html | null {
  const complete = trials.filter((t) => t.state === 'complete' && t.measures.valAccuracy !== undefined);
  if (complete.length === 0) return null;
  const accuracy = (trial: Trial): number => 100 * trial.measures.valAccuracy!;
  const points = complete.map((trial) => [trial.number, accuracy(trial)]);
  const best: (readonly [number, number])[] = [];
  for (const trial of complete) {
    const before = best[best.length - 1]?.[1] ?? 0;
    best.push([trial.number, Math.max(before, accuracy(trial))]);
  }
  return chart({
    label: `Validation accuracy of ${complete.length} trials and the best so far`,
    height: 320,
    option: () => ({
      grid: { left: 56, right: 16, top: 36, bottom: 44 },
      legend: legendStyle,
      xAxis: {
        type: 'value',
        name: 'trial',
        nameLocation: 'middle',
        nameGap: 28,
        min: 0,
        max: Math.max(1, trials.length - 1),
        minInterval: 1,
        ...axisStyle,
        splitLine: { show: false },
      },
      yAxis: { type: 'value', ...axisStyle, ...percentRange(points.map(([, y]) => y!)) },
      series: [
        {
          name: 'best so far',
          type: 'line',
          step: 'end',
          data: best,
          showSymbol: false,
          lineStyle: { color: INK.accent, width: 2 },
          itemStyle: { color: INK.accent },
          areaStyle: { color: INK.accent, opacity: 0.08 },
        },
        {
          name: 'trial',
          type: 'scatter',
          data: points,
          symbolSize: 8,
          itemStyle: { color: INK.warm, opacity: 0.85 },
        },
      ],
    }),
    tip(series, index) {
      const trial = series === 1 ? complete[index] : undefined;
      if (!trial) return null;
      const { valAccuracy, params, latencyMs } = trial.measures;
      return `trial ${trial.number}: ${formatPercent(valAccuracy!)}, ${formatMeasure('params', params)} parameters, ${formatMeasure('latencyMs', latencyMs)}`;
    },
  });
}
