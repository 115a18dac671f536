/**
 * Charts as inline SVG, made when the report is written.
 *
 * The colours of a page in light and dark cannot stand in one SVG, so charts are drawn with the placeholder colours of
 * INK, which are then replaced by CSS variables. Every chart is made twice, for wide and for narrow screens, and CSS
 * shows one of them: scaled text would not be legible.
 */
import { BarChart, LineChart, ScatterChart } from 'echarts/charts';
import { GridComponent, LegendComponent } from 'echarts/components';
import { type EChartsCoreOption, init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import { escapeHtml, type Html, html, trusted } from '../html.ts';

use([BarChart, LineChart, ScatterChart, GridComponent, LegendComponent, SVGRenderer]);

/** Placeholder colours and the CSS variables that take their places. Distinct from any colour that echarts invents. */
export const INK = {
  text: '#0a0b01',
  muted: '#0a0b02',
  grid: '#0a0b03',
  accent: '#0a0b04',
  second: '#0a0b05',
  warm: '#0a0b06',
  surface: '#0a0b07',
  bad: '#0a0b08',
} as const;

const VARIABLES: Readonly<Record<keyof typeof INK, string>> = {
  text: 'var(--text)',
  muted: 'var(--muted)',
  grid: 'var(--line)',
  accent: 'var(--accent)',
  second: 'var(--second)',
  warm: 'var(--warm)',
  surface: 'var(--surface)',
  bad: 'var(--bad)',
};

const FONT = 'system-ui, sans-serif';

export const axisStyle = {
  axisLine: { lineStyle: { color: INK.grid } },
  axisTick: { show: false },
  axisLabel: { color: INK.muted, fontSize: 12 },
  nameTextStyle: { color: INK.muted, fontSize: 12 },
  splitLine: { lineStyle: { color: INK.grid } },
} as const;

export const legendStyle = {
  textStyle: { color: INK.text, fontSize: 12 },
  top: 0,
  left: 0,
  itemWidth: 14,
  itemHeight: 8,
  // Text widths are estimated here, and drawn by the reader's font.
  itemGap: 26,
  icon: 'roundRect',
} as const;

/** An axis of percentages that shows the spread of `values` without cutting any off. */
export function percentRange(values: readonly number[]): { min: number; max: number; axisLabel: object } {
  const low = Math.min(...values);
  const high = Math.max(...values);
  const step = high - low > 30 ? 10 : high - low > 5 ? 5 : 1;
  return {
    min: Math.max(0, step * Math.floor(low / step)),
    max: Math.min(100, step * Math.ceil((high + 1e-9) / step)),
    axisLabel: { ...axisStyle.axisLabel, formatter: '{value} %' },
  };
}

interface ChartRequest {
  /** Read out to those who cannot see it. */
  readonly label: string;
  readonly height: number;
  readonly option: (wide: boolean) => EChartsCoreOption;
  /** What a point says under the pointer, by series and index. */
  readonly tip?: (series: number, index: number) => string | null;
  /** Where in the page a point leads to, `#trial-3`. */
  readonly link?: (series: number, index: number) => string | null;
}

type Marks = Pick<ChartRequest, 'tip' | 'link'>;

export function chart({ label, height, option, ...marks }: ChartRequest): Html {
  const draw = (wide: boolean): Html =>
    trusted(
      render(option(wide), wide ? 880 : 400, height, marks).replace(
        '<svg ',
        // An image has no parts: one whose points lead somewhere is a group of them.
        `<svg role="${marks.link === undefined ? 'img' : 'group'}" aria-label="${escapeHtml(label)}" `,
      ),
    );
  return html`<div class="chart wide">${draw(true)}</div><div class="chart narrow">${draw(false)}</div>`;
}

function render(option: EChartsCoreOption, width: number, height: number, marks: Marks): string {
  const instance = init(null, null, { renderer: 'svg', ssr: true, width, height });
  try {
    instance.setOption({ animation: false, textStyle: { fontFamily: FONT }, ...option });
    return clean(instance.renderToSVGString(), width, height, marks);
  } finally {
    instance.dispose();
  }
}

let serial = 0;

function clean(svg: string, width: number, height: number, { tip, link }: Marks): string {
  const own = `c${++serial}-`;
  let text = svg
    // The size comes from the page.
    .replace(/<svg width="[^"]*" height="[^"]*"/, `<svg`)
    .replace(/viewBox="[^"]*"/, `viewBox="0 0 ${width} ${height}"`)
    .replace(/<style[\s\S]*?<\/style>/g, '')
    .replace(/ class="zr[^"]*"/g, '')
    // The background is the page's.
    .replace(/<rect [^>]*fill="none"[^>]*><\/rect>/, '')
    // Two charts on one page must not share the names of their clip paths.
    .replace(/\b(id="|url\(#)(zr)/g, `$1${own}$2`);
  text = text.replace(
    /<(path|circle|rect)([^>]*?ecmeta_series_index="(\d+)"[^>]*?)><\/\1>/g,
    (whole, tag, attributes) => {
      // The legend's entries carry the index of their series' first point.
      if (attributes.includes('ecmeta_ssr_type="legend"')) return whole;
      const series = Number(/ecmeta_series_index="(\d+)"/.exec(attributes)?.[1]);
      const index = Number(/ecmeta_data_index="(\d+)"/.exec(attributes)?.[1]);
      const said = Number.isNaN(index) ? null : (tip?.(series, index) ?? null);
      if (said === null) return whole;
      const mark = `<${tag}${attributes}><title>${escapeHtml(said)}</title></${tag}>`;
      const place = link?.(series, index) ?? null;
      return place === null
        ? mark
        : `<a href="${escapeHtml(place)}" aria-label="${escapeHtml(said)}">${mark}</a>`;
    },
  );
  text = text.replace(/ ecmeta_\w+="[^"]*"/g, '');
  for (const name of Object.keys(INK) as (keyof typeof INK)[])
    text = text.replaceAll(INK[name], VARIABLES[name]).replaceAll(rgbOf(INK[name]), VARIABLES[name]);
  return text;
}

const rgbOf = (hex: string): string =>
  `rgb(${[1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)).join(',')})`;
