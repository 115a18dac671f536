/** The fully trained members of the Pareto front beside each other. */
import { describeGenome } from '../../space/json.ts';
import { drawArchitecture } from '../architecture/draw.ts';
import { curvesChart } from '../charts/curves.ts';
import type { Winner } from '../data.ts';
import { deviceMeasures } from '../device-measures.ts';
import { formatMeasure, formatPercent, measureLabel } from '../format.ts';
import { type Html, html } from '../html.ts';

const COLUMNS = [
  'valAccuracy',
  'int8TestAccuracy',
  'latencyMs',
  'int8LatencyMs',
  'params',
  'macs',
  'sizeBytes',
];

/** One row a network, with the file that holds it; below, each network to be looked into. */
export function membersSection(members: readonly Winner[], chosen: number): Html {
  const columns = [
    ...COLUMNS.filter((name) => members.some(({ measures }) => measures[name] !== undefined)),
    ...deviceMeasures(members),
  ];
  const head = (label: string, left = false): Html =>
    html`<th scope="col"${left && html` class="left"`}><button type="button">${label}</button></th>`;
  return html`<div class="scroll"><table class="sortable"><thead><tr>${head('trial')}${head('test accuracy')}${columns.map((name) => head(measureLabel(name)))}${head('file', true)}</tr></thead>
<tbody>${members.map(
    ({ trial, test, measures, model }) =>
      html`<tr><td data-value="${trial}">${trial}${trial === chosen && html` <span class="tag chosen">model.onnx</span>`}</td><td data-value="${test?.accuracy ?? ''}">${test === null ? '–' : formatPercent(test.accuracy)}</td>${columns.map(
        (name) => html`<td data-value="${measures[name] ?? ''}">${formatMeasure(name, measures[name])}</td>`,
      )}<td class="left" data-value="${model.file}"><a href="${model.file}">${model.file}</a></td></tr>`,
  )}</tbody></table></div>
<p class="hint">All trained fully and tested once; the most accurate on the validation images is model.onnx too. <code>espalier pick</code> takes the most accurate one within bounds.</p>
${members.map(lookInto)}`;
}

function lookInto({ trial, genome, network, curve, measures }: Winner): Html {
  return html`<details><summary>Trial ${trial}: ${formatMeasure('valAccuracy', measures.valAccuracy)} at ${formatMeasure('latencyMs', measures.latencyMs)}</summary>
<p class="hint">${describeGenome(genome)}</p>${drawArchitecture(network)}${curvesChart(curve)}</details>`;
}
