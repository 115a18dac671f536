/** One measure against another: all trials, those that no other beats, and the networks that were trained fully. */
import { measureInfo } from '../../study/measure.ts';
import type { Measures, Trial } from '../../study/trial.ts';
import { formatMeasure, measureLabel } from '../format.ts';
import type { Html } from '../html.ts';
import { panelLink } from '../panel-link.ts';
import { axisStyle, chart, INK, legendStyle, percentRange } from './chart.ts';

/** A point of the plot: a trial, or a network after its full training. */
interface Point {
  readonly number: number;
  readonly measures: Measures;
}

export interface ParetoRequest {
  readonly trials: readonly Trial[];
  /** Networks that were trained fully, the chosen one among them. */
  readonly members: readonly Point[];
  /** The measure that is drawn upwards, and the one that it is drawn against. */
  readonly y: string;
  readonly x: string;
  readonly front: ReadonlySet<number>;
  readonly winner: number | null;
}

/** Those that no other beats in both measures, from left to right: the line of the plot. */
function staircase(points: readonly Point[], { x, y }: Pick<ParetoRequest, 'x' | 'y'>): Point[] {
  const sign = (measure: string): number => (measureInfo(measure).better === 'lower' ? 1 : -1);
  const [across, up] = [sign(x), -sign(y)];
  const fromBest = [...points].sort(
    (a, b) => across * (a.measures[x]! - b.measures[x]!) || up * (b.measures[y]! - a.measures[y]!),
  );
  const line: Point[] = [];
  for (const point of fromBest)
    if (line.length === 0 || up * (point.measures[y]! - line[line.length - 1]!.measures[y]!) > 0)
      line.push(point);
  return across > 0 ? line : line.reverse();
}

const isShare = (measure: string): boolean => measureInfo(measure).unit === 'share';

/** Null when fewer than two trials have both measures. */
export function paretoChart({ trials, members, x, y, front, winner }: ParetoRequest): Html | null {
  const has = ({ measures }: Point): boolean => measures[x] !== undefined && measures[y] !== undefined;
  const known = trials.filter((t) => t.state === 'complete' && has(t));
  if (known.length < 2) return null;
  const trained = members.filter(has);
  const all: readonly Point[] = [...known, ...trained];
  const across = all.map((p) => p.measures[x]!);
  const spread = Math.max(...across) / Math.min(...across);
  // Costs of a space often span orders of magnitude.
  const logarithmic = Math.min(...across) > 0 && spread > 8;
  const upwards = (value: number): number => (isShare(y) ? 100 * value : value);
  const point = ({ measures }: Point): [number, number] => [measures[x]!, upwards(measures[y]!)];
  const groups: { name: string; points: readonly Point[]; color: string; size: number; symbol: string }[] = [
    {
      name: 'trial',
      points: known.filter((t) => !front.has(t.number)),
      color: INK.warm,
      size: 7,
      symbol: 'circle',
    },
    {
      name: 'Pareto front',
      points: known.filter((t) => front.has(t.number)),
      color: INK.accent,
      size: 10,
      symbol: 'circle',
    },
    {
      name: 'trained fully',
      points: trained.filter((m) => m.number !== winner),
      color: INK.second,
      size: 11,
      symbol: 'diamond',
    },
    {
      name: 'chosen',
      points: trained.filter((m) => m.number === winner),
      color: INK.second,
      size: 16,
      symbol: 'diamond',
    },
  ];
  const heights = all.map((p) => point(p)[1]);
  return chart({
    label: `${measureLabel(y)} against ${measureLabel(x)}`,
    height: 340,
    option: (wide) => ({
      grid: { left: isShare(y) ? 56 : 72, right: 20, top: 36, bottom: 48 },
      legend: { ...legendStyle, data: groups.filter((g) => g.points.length > 0).map((g) => g.name) },
      xAxis: {
        type: logarithmic ? 'log' : 'value',
        // Axes end at powers of their base: a small one keeps them close to the points.
        logBase: spread > 256 ? 10 : 2,
        name: measureLabel(x),
        nameLocation: 'middle',
        nameGap: 30,
        scale: true,
        splitNumber: wide ? 6 : 3,
        ...axisStyle,
        splitLine: { show: false },
        axisLabel: { ...axisStyle.axisLabel, formatter: (value: number) => formatMeasure(x, value) },
      },
      yAxis: {
        type: 'value',
        ...axisStyle,
        ...(isShare(y)
          ? percentRange(heights)
          : {
              scale: true,
              axisLabel: { ...axisStyle.axisLabel, formatter: (value: number) => formatMeasure(y, value) },
            }),
      },
      series: [
        {
          type: 'line',
          step: measureInfo(x).better === 'lower' ? 'end' : 'start',
          data: staircase(known, { x, y }).map(point),
          showSymbol: false,
          // Under the points, which are to be clicked.
          silent: true,
          z: 1,
          lineStyle: { color: INK.accent, width: 1.5, type: 'dashed' },
        },
        ...groups.map((group) => ({
          name: group.name,
          type: 'scatter',
          data: group.points.map(point),
          symbol: group.symbol,
          symbolSize: group.size,
          itemStyle: { color: group.color, opacity: 0.9 },
        })),
      ],
    }),
    tip(series, index) {
      const found = pointAt(series, index);
      if (!found) return null;
      const { number, measures } = found;
      const trained = series > 2 ? ' trained fully' : '';
      return `trial ${number}${trained}: ${formatMeasure(y, measures[y])} at ${formatMeasure(x, measures[x])}`;
    },
    link(series, index) {
      const found = pointAt(series, index);
      // Trials beside the front have nothing to look into but their row of the table.
      return found === undefined || series === 1 ? null : panelLink(found.number);
    },
  });

  /** The first series is the line. */
  function pointAt(series: number, index: number): Point | undefined {
    return groups[series - 1]?.points[index];
  }
}
