/** Float against 8 bits, for every trained network. */
import type { Winner } from '../data.ts';
import { type Html, html } from '../html.ts';
import { panelLink } from '../panel-link.ts';
import { precisionRows } from '../precision-figures.ts';

/** One network: a row a figure. */
export function precisionTable(member: Winner): Html {
  const rows = precisionRows(member);
  const both = rows.some(({ int8 }) => int8 !== '');
  return html`<div class="scroll"><table><thead><tr><th></th><th>${both ? 'float' : ''}</th>${both && html`<th>8 bits</th><th class="left">8 bits beside float</th>`}</tr></thead>
<tbody>${rows.map(
    ({ label, float, int8, change }) =>
      html`<tr><td>${label}</td><td>${float || '–'}</td>${both && html`<td>${int8 || '–'}</td><td class="left">${change}</td>`}</tr>`,
  )}</tbody></table></div>${floatLayerList(member)}`;
}

/** All of them: a row a network. Null where none is there in 8 bits. */
export function precisionSection(members: readonly Winner[]): Html | null {
  if (members.every(({ measures }) => measures.int8ValAccuracy === undefined)) return null;
  const labels = [...new Set(members.flatMap((member) => precisionRows(member).map(({ label }) => label)))];
  return html`<div class="scroll"><table><thead><tr><th>trial</th><th class="left">precision</th>${labels.map((label) => html`<th>${label}</th>`)}<th class="left">file</th></tr></thead>
${members.map((member) => {
  const { trial, model, int8 } = member;
  const byLabel = new Map(precisionRows(member).map((row) => [row.label, row]));
  const cells = (part: 'float' | 'int8' | 'change'): Html[] =>
    labels.map((label) => html`<td>${byLabel.get(label)?.[part] || (part === 'change' ? '' : '–')}</td>`);
  const file = (name: string | undefined): Html =>
    html`<td class="left">${name === undefined ? 'could not be quantised' : html`<a href="${name}">${name}</a>`}</td>`;
  return html`<tbody><tr><td><a href="${panelLink(trial)}">${trial}</a></td><td class="left">float</td>${cells('float')}${file(model.file)}</tr>
<tr><td></td><td class="left">8 bits</td>${cells('int8')}${file(int8?.file)}</tr>
<tr class="change"><td></td><td class="left"></td>${cells('change')}<td></td></tr></tbody>`;
})}</table></div>
<p class="hint">On the same images, in brackets 95 % intervals. How many times as fast is the median over runs of both models in turns, which meet the machine in the same state.</p>
${members.map(floatLayerList)}`;
}

/** What of a network in 8 bits computes in float. */
function floatLayerList({ trial, int8 }: Winner): Html | null {
  if (!int8 || int8.floatLayers.length === 0) return null;
  return html`<details><summary>Trial ${trial}: ${int8.floatLayers.length} ${int8.floatLayers.length === 1 ? 'layer stays' : 'layers stay'} in float</summary><ul>${int8.floatLayers.map(
    ({ name, op, reason }) => html`<li><code>${name}</code> (${op}): ${reason}</li>`,
  )}</ul></details>`;
}
