/** How good the trained network is: the figures at the top, and class by class. */
import { balancedAccuracy, classFigures } from '../../task/classification-metrics.ts';
import { classesChart } from '../charts/classes.ts';
import { confusionChart } from '../charts/confusion.ts';
import type { ReportData, Winner } from '../data.ts';
import { deviceMeasures } from '../device-measures.ts';
import {
  formatBytes,
  formatCount,
  formatMeasure,
  formatMilliseconds,
  formatPercent,
  measureLabel,
} from '../format.ts';
import { type Html, html } from '../html.ts';
import { speedUpText } from '../precision-figures.ts';

/** The bars of more classes are too long to read; the table has them all. */
const MOST_BARS = 30;

const card = (value: string, label: string, main = false): Html =>
  html`<div class="figure${main && ' main'}"><b>${value}</b><span>${label}</span></div>`;

export function headFigures({ winner, trials }: ReportData): Html {
  if (winner === null) {
    const best = Math.max(...trials.map((trial) => trial.measures.valAccuracy ?? Number.NEGATIVE_INFINITY));
    return html`<div class="figures">${card(formatPercent(best), 'best validation accuracy of a trial', true)}${card(String(trials.length), 'trials so far')}${card('unfinished', 'no network was trained fully yet')}</div>`;
  }
  const { test, measures } = winner;
  const interval = (low: number, high: number): string =>
    `${(100 * low).toFixed(2)} to ${(100 * high).toFixed(2)}`;
  const { latencyMs, latencyLowMs, latencyHighMs, params, macs, memoryBytes } = measures;
  const int8Accuracy = measures.int8TestAccuracy ?? measures.int8ValAccuracy;
  return html`<div class="figures">
${test !== null && card(formatPercent(test.accuracy), `test accuracy, ${test.count} images, 95 %: ${interval(...test.interval)}`, true)}
${measures.valAccuracy !== undefined && card(formatPercent(measures.valAccuracy), 'validation accuracy', test === null)}
${latencyMs !== undefined && card(formatMilliseconds(latencyMs), `an image${latencyLowMs === undefined || latencyHighMs === undefined ? '' : `, 95 %: ${Number(latencyLowMs.toPrecision(3))} to ${Number(latencyHighMs.toPrecision(3))}`}`)}
${int8Accuracy !== undefined && card(formatPercent(int8Accuracy), `in 8 bits${measures.int8TestAccuracy === undefined ? ', on validation images' : ', on the same test images'}`)}
${measures.int8LatencyMs !== undefined && card(formatMilliseconds(measures.int8LatencyMs), `an image in 8 bits${winner.int8?.speedUp ? `, ${speedUpText(winner.int8.speedUp)}` : ''}`)}
${deviceMeasures([winner]).map((name) => card(formatMeasure(name, measures[name]), measureLabel(name)))}
${params !== undefined && card(formatCount(params), 'parameters')}
${macs !== undefined && card(formatCount(macs), 'multiply-accumulates')}
${memoryBytes !== undefined && card(formatBytes(memoryBytes), 'activation memory')}</div>`;
}

export function classSection(winner: Winner): Html {
  const figures = classFigures(winner.confusion, winner.classes);
  return html`<p class="hint">On the ${winner.test === null ? 'validation images: the data has no test images' : 'test images, which were used once, after everything was decided'}. Accuracy with all classes counted equally: ${formatPercent(balancedAccuracy(winner.confusion))}.</p>
${confusionChart(winner.confusion, winner.classes)}
${figures.length <= MOST_BARS && html`<h3>Class by class, the weakest first</h3>${classesChart(figures)}`}
<details${figures.length > MOST_BARS && ' open'}><summary>Table</summary><div class="scroll"><table class="sortable"><thead><tr>${['class', 'images', 'precision', 'recall', 'F1'].map((name) => html`<th scope="col"><button type="button">${name}</button></th>`)}</tr></thead>
<tbody>${figures.map(
    (f) =>
      html`<tr><td data-value="${f.name}">${f.name}</td><td data-value="${f.support}">${f.support}</td>${[f.precision, f.recall, f.f1].map((value) => html`<td data-value="${value}">${formatPercent(value)}</td>`)}</tr>`,
  )}</tbody></table></div></details>`;
}
