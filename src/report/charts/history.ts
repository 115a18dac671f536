/** Search history: the accuracy of each trial, and the best so far; of a search in 8 bits also those in 8 bits. */
import type { Trial } from '../../study/trial.ts';
import { formatMeasure, formatPercent } from '../format.ts';
import type { Html } from '../html.ts';
import { axisStyle, chart, INK, legendStyle, percentRange } from './chart.ts';

/** One of the accuracies that trials have. */
interface Series {
  readonly measure: 'valAccuracy' | 'int8ValAccuracy';
  /** Behind the names of the legend and of the tips; empty where there is but one. */
  readonly suffix: string;
  readonly latency: 'latencyMs' | 'int8LatencyMs';
  readonly line: string;
  readonly points: string;
  readonly dashed: boolean;
  /** In order of their numbers. */
  readonly trials: readonly Trial[];
}

/** What the search was judged by is drawn as ever; the other one beside it. */
function seriesOf(trials: readonly Trial[], leading: string): readonly Series[] {
  const having = (measure: Series['measure']): readonly Trial[] =>
    trials.filter((trial) => trial.state === 'complete' && trial.measures[measure] !== undefined);
  const both = having('int8ValAccuracy').length > 0;
  const style = (measure: Series['measure']): typeof MAIN | typeof BESIDE =>
    measure === leading ? MAIN : BESIDE;
  const series: readonly Series[] = [
    {
      measure: 'valAccuracy',
      suffix: both ? ' in float' : '',
      latency: 'latencyMs',
      ...style('valAccuracy'),
      trials: having('valAccuracy'),
    },
    {
      measure: 'int8ValAccuracy',
      suffix: ' in 8 bits',
      latency: 'int8LatencyMs',
      ...style('int8ValAccuracy'),
      trials: having('int8ValAccuracy'),
    },
  ];
  return series.filter((one) => one.trials.length > 0);
}

const MAIN = { line: INK.accent, points: INK.warm, dashed: false } as const;
const BESIDE = { line: INK.muted, points: INK.second, dashed: true } as const;

/** @param leading the accuracy that the search was judged by */
export function historyChart(trials: readonly Trial[], leading: string): Html | null {
  const series = seriesOf(trials, leading);
  if (series.length === 0) return null;
  const accuracy = (trial: Trial, { measure }: Series): number => 100 * trial.measures[measure]!;
  const bestSoFar = (one: Series): (readonly [number, number])[] => {
    let best = 0;
    return one.trials.map((trial) => {
      best = Math.max(best, accuracy(trial, one));
      return [trial.number, best] as const;
    });
  };
  const heights = series.flatMap((one) => one.trials.map((trial) => accuracy(trial, one)));
  const count = Math.max(...series.map((one) => one.trials.length));
  return chart({
    label: `Validation accuracy${series.length > 1 ? ' in float and in 8 bits' : ''} of ${count} trials and the best so far`,
    height: 320,
    option: (wide) => ({
      // Four entries of the legend take two lines on a narrow page.
      grid: { left: 56, right: 16, top: series.length > 1 && !wide ? 70 : 36, bottom: 44 },
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
      yAxis: { type: 'value', ...axisStyle, ...percentRange(heights) },
      series: series.flatMap((one) => [
        {
          name: `best so far${one.suffix}`,
          type: 'line',
          step: 'end',
          data: bestSoFar(one),
          showSymbol: false,
          lineStyle: { color: one.line, width: 2, type: one.dashed ? 'dashed' : 'solid' },
          itemStyle: { color: one.line },
          ...(!one.dashed && { areaStyle: { color: one.line, opacity: 0.08 } }),
        },
        {
          name: `trial${one.suffix}`,
          type: 'scatter',
          data: one.trials.map((trial) => [trial.number, accuracy(trial, one)]),
          symbolSize: 8,
          itemStyle: { color: one.points, opacity: 0.85 },
        },
      ]),
    }),
    tip(index, point) {
      // Each has a line and its points.
      const one = index % 2 === 1 ? series[(index - 1) / 2] : undefined;
      const trial = one?.trials[point];
      if (one === undefined || trial === undefined) return null;
      const { measures } = trial;
      return `trial ${trial.number}${one.suffix}: ${formatPercent(measures[one.measure]!)}, ${formatMeasure('params', measures.params)} parameters, ${formatMeasure(one.latency, measures[one.latency])}`;
    },
  });
}
