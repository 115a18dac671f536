/** Precision, recall and F1 of each class as bars. */
import type { ClassFigures } from '../../task/classification-metrics.ts';
import { formatPercent } from '../format.ts';
import type { Html } from '../html.ts';
import { axisStyle, chart, INK, legendStyle } from './chart.ts';

const ROW = 34;
const NAME_LENGTH = { wide: 24, narrow: 12 };

const shorten = (name: string, most: number): string =>
  name.length > most ? `${name.slice(0, most - 1)}…` : name;

export function classesChart(figures: readonly ClassFigures[]): Html {
  // Read from the top: the class that needs attention first.
  const rows = [...figures].sort((a, b) => a.f1 - b.f1);
  const kinds = [
    { name: 'precision', color: INK.accent, value: (f: ClassFigures) => f.precision },
    { name: 'recall', color: INK.warm, value: (f: ClassFigures) => f.recall },
    { name: 'F1', color: INK.second, value: (f: ClassFigures) => f.f1 },
  ];
  const lowest = Math.min(...rows.flatMap((f) => kinds.map((kind) => kind.value(f))));
  return chart({
    label: 'Precision, recall and F1 of each class',
    height: 70 + ROW * rows.length,
    option: (wide) => {
      const most = wide ? NAME_LENGTH.wide : NAME_LENGTH.narrow;
      return {
        grid: { left: wide ? 170 : 96, right: 24, top: 34, bottom: 30 },
        legend: legendStyle,
        yAxis: {
          type: 'category',
          inverse: true,
          data: rows.map((f) => shorten(f.name, most)),
          ...axisStyle,
          axisLabel: { ...axisStyle.axisLabel, color: INK.text, interval: 0 },
          splitLine: { show: false },
        },
        // Bars must start at zero, unless all differences lie in the last tenth and would be lost.
        xAxis: {
          type: 'value',
          min: lowest > 0.9 ? Math.floor(lowest * 100) - 1 : 0,
          max: 100,
          splitNumber: wide ? 6 : 3,
          ...axisStyle,
          axisLabel: { ...axisStyle.axisLabel, formatter: '{value} %' },
        },
        series: kinds.map((kind) => ({
          name: kind.name,
          type: 'bar',
          data: rows.map((f) => 100 * kind.value(f)),
          barWidth: 6,
          barGap: '30%',
          itemStyle: { color: kind.color, borderRadius: 2 },
        })),
      };
    },
    tip(series, index) {
      const row = rows[index];
      const kind = kinds[series];
      return row && kind
        ? `${row.name}: ${kind.name} ${formatPercent(kind.value(row))} (${row.support} images)`
        : null;
    },
  });
}
