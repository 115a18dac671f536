/** All trials as a table that can be sorted. */
import { describeGenome } from '../../space/json.ts';
import type { Trial } from '../../study/trial.ts';
import { deviceMeasures } from '../device-measures.ts';
import { formatMeasure, measureLabel } from '../format.ts';
import { type Html, html } from '../html.ts';
import { panelLink } from '../panel-link.ts';

const COLUMNS = [
  'valAccuracy',
  'int8ValAccuracy',
  'params',
  'macs',
  'latencyMs',
  'int8LatencyMs',
  'memoryBytes',
  'peakMemoryBytes',
];

export interface TrialTable {
  readonly trials: readonly Trial[];
  readonly front: ReadonlySet<number>;
  readonly winner: number | null;
}

export function trialTable({ trials, front, winner }: TrialTable): Html {
  const columns = [
    ...COLUMNS.filter((name) => trials.some((trial) => trial.measures[name] !== undefined)),
    ...deviceMeasures(trials),
  ];
  const head = (label: string, left = false): Html =>
    html`<th scope="col"${left && html` class="left"`}><button type="button">${label}</button></th>`;
  return html`<div class="scroll"><table class="sortable"><thead><tr>${head('trial')}${head('state', true)}${columns.map((name) => head(measureLabel(name)))}${head('genome, or the reason', true)}</tr></thead>
<tbody>${trials.map((trial) => row(trial, columns, front.has(trial.number), trial.number === winner))}</tbody></table></div>`;
}

function row(trial: Trial, columns: readonly string[], onFront: boolean, chosen: boolean): Html {
  const genome = describeGenome(trial.genome);
  const text = trial.reason ?? genome;
  return html`<tr><td data-value="${trial.number}">${onFront || chosen ? html`<a href="${panelLink(trial.number)}">${trial.number}</a>` : trial.number}</td><td class="left" data-value="${trial.state}"><span class="tag ${trial.state}">${trial.state}</span>${chosen && html` <span class="tag chosen">chosen</span>`}${onFront && html` <span class="tag front">front</span>`}</td>${columns.map(
    (name) =>
      html`<td data-value="${trial.measures[name] ?? ''}">${formatMeasure(name, trial.measures[name])}</td>`,
  )}<td class="left genome" data-value="${text}" title="${trial.reason === null ? genome : `${trial.reason} (${genome})`}">${text}</td></tr>`;
}
