/** Mean regret over the budget as a self-contained SVG. */
import { LineChart } from 'echarts/charts';
import { GridComponent, LegendComponent, TitleComponent } from 'echarts/components';
import { init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import type { RegretCurve } from './table-benchmark.ts';

use([LineChart, GridComponent, LegendComponent, TitleComponent, SVGRenderer]);

export interface PlotLabels {
  readonly title: string;
  /** What the budget is counted in. */
  readonly budget: string;
  /** What is regretted: the report's column. */
  readonly report: string;
}

/** The regret axis is logarithmic; where every run has found the optimum, the line ends. */
export function regretPlot(curves: readonly RegretCurve[], labels: PlotLabels): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: 800, height: 460 });
  chart.setOption({
    animation: false,
    backgroundColor: '#ffffff',
    title: { text: labels.title, left: 'center', textStyle: { fontSize: 14 } },
    legend: { top: 28 },
    grid: { left: 64, right: 24, top: 64, bottom: 48 },
    xAxis: { type: 'value', name: labels.budget, nameLocation: 'middle', nameGap: 28, min: 0 },
    yAxis: { type: 'log', name: `regret of ${labels.report}`, nameLocation: 'middle', nameGap: 46 },
    series: curves.map(({ strategy, at, regret }) => ({
      type: 'line',
      name: strategy,
      showSymbol: false,
      data: at.flatMap((x, i) => (regret[i]! > 0 ? [[x, regret[i]!]] : [])),
    })),
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}
