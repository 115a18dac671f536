/** Learning curves of one training: losses, and validation accuracy. */
import type { CurvePoint } from '../../study/trial.ts';
import { formatPercent } from '../format.ts';
import type { Html } from '../html.ts';
import { axisStyle, chart, INK, legendStyle, percentRange } from './chart.ts';

/** Null with fewer than two epochs. */
export function curvesChart(curve: readonly CurvePoint[]): Html | null {
  if (curve.length < 2) return null;
  const line = (name: string, color: string, axis: number, value: (p: CurvePoint) => number) => ({
    name,
    type: 'line',
    yAxisIndex: axis,
    xAxisIndex: axis,
    data: curve.map((p) => [p.epoch, value(p)]),
    symbolSize: curve.length > 40 ? 0 : 5,
    symbol: 'circle',
    lineStyle: { color, width: 2 },
    itemStyle: { color },
  });
  const losses = curve.flatMap((p) => [p.trainLoss, p.valLoss]).filter(Number.isFinite);
  return chart({
    label: `Losses and validation accuracy over ${curve.length} epochs`,
    height: 300,
    option: (wide) => {
      const epochs = {
        type: 'value',
        name: 'epoch',
        nameLocation: 'middle',
        nameGap: 28,
        min: curve[0]!.epoch,
        max: curve[curve.length - 1]!.epoch,
        minInterval: 1,
        ...axisStyle,
        splitNumber: wide ? 6 : 3,
        splitLine: { show: false },
      };
      return {
        legend: legendStyle,
        grid: [
          { left: 44, width: wide ? 360 : 130, top: 40, bottom: 44 },
          { left: wide ? 496 : 246, right: 16, top: 40, bottom: 44 },
        ],
        xAxis: [
          { ...epochs, gridIndex: 0 },
          { ...epochs, gridIndex: 1 },
        ],
        yAxis: [
          {
            type: 'value',
            gridIndex: 0,
            min: 0,
            max: Math.ceil(10 * Math.max(...losses)) / 10,
            ...axisStyle,
          },
          {
            type: 'value',
            gridIndex: 1,
            ...axisStyle,
            ...percentRange(curve.map((p) => 100 * p.valAccuracy)),
          },
        ],
        series: [
          line('training loss', INK.warm, 0, (p) => p.trainLoss),
          line('validation loss', INK.accent, 0, (p) => p.valLoss),
          line('validation accuracy', INK.second, 1, (p) => 100 * p.valAccuracy),
        ],
      };
    },
    tip(series, index) {
      const point = curve[index];
      if (!point) return null;
      const value = [point.trainLoss.toFixed(4), point.valLoss.toFixed(4), formatPercent(point.valAccuracy)][
        series
      ];
      return `epoch ${point.epoch}: ${value}`;
    },
  });
}
