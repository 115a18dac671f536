/** The fully trained members of the Pareto front beside each other. */
import type { ReportData, Standing } from '../data.ts';
import { deviceMeasures } from '../device-measures.ts';
import { formatMeasure, formatPercent, measureLabel } from '../format.ts';
import { type Html, html } from '../html.ts';
import { panelLink } from '../panel-link.ts';

const COLUMNS = [
  'valAccuracy',
  'int8ValAccuracy',
  'int8TestAccuracy',
  'latencyMs',
  'int8LatencyMs',
  'params',
  'macs',
  'sizeBytes',
];

/** What is to be known of a trained network at a glance. */
export const standingTags = (standing: Standing | undefined, chosen: boolean): Html =>
  html`${chosen && html` <span class="tag chosen">chosen</span>`}${standing?.dominated === true && html` <span class="tag" title="another trained network is at least as good in every objective">dominated</span>`}${(standing?.overBounds ?? []).map((bound) => html` <span class="tag failed" title="${bound}">over a bound</span>`)}`;

/** One row a network, with the files that hold it. */
export function membersSection(
  { members, standings }: Pick<ReportData, 'members' | 'standings'>,
  chosen: number,
): Html {
  const columns = [
    ...COLUMNS.filter((name) => members.some(({ measures }) => measures[name] !== undefined)),
    ...deviceMeasures(members),
  ];
  const head = (label: string, left = false): Html =>
    html`<th scope="col"${left && html` class="left"`}><button type="button">${label}</button></th>`;
  const link = (file: string): Html => html`<a href="${file}">${file}</a>`;
  return html`<div class="scroll"><table class="sortable"><thead><tr>${head('trial')}${head('test accuracy')}${columns.map((name) => head(measureLabel(name)))}${head('file', true)}</tr></thead>
<tbody>${members.map(
    ({ trial, test, measures, model, int8 }, i) =>
      html`<tr><td data-value="${trial}"><a href="${panelLink(trial)}">${trial}</a>${standingTags(standings[i], trial === chosen)}</td><td data-value="${test?.accuracy ?? ''}">${test === null ? '–' : formatPercent(test.accuracy)}</td>${columns.map(
        (name) => html`<td data-value="${measures[name] ?? ''}">${formatMeasure(name, measures[name])}</td>`,
      )}<td class="left" data-value="${model.file}">${link(model.file)}${int8 ? html`, ${link(int8.file)}` : null}</td></tr>`,
  )}</tbody></table></div>
<p class="hint">All trained fully and tested once; the most accurate on the validation images that keeps the bounds is model.onnx too. <code>espalier pick</code> takes the most accurate one within bounds.</p>
${standings.flatMap(({ overBounds }, i) => overBounds.map((bound) => html`<p class="hint">Trial ${members[i]!.trial} is over a bound as it is exported: ${bound}.</p>`))}`;
}
