/** What the run cost, on which machine, with which options: what one needs to repeat it. */
import type { ReportData } from '../data.ts';
import { formatBytes, formatCount, formatSeconds } from '../format.ts';
import { type Html, html } from '../html.ts';

export function costSection({ cost }: ReportData): Html {
  const phases = Object.entries(cost.seconds);
  const total = phases.reduce((sum, [, seconds]) => sum + seconds, 0);
  return html`<table><tbody>${phases.map(
    ([name, seconds]) =>
      html`<tr><td>${name}</td><td>${formatSeconds(seconds)}</td><td class="barcell"><div class="bar" style="width:${((100 * seconds) / Math.max(total, 1e-9)).toFixed(1)}%"></div></td></tr>`,
  )}<tr><td><b>in all</b></td><td><b>${formatSeconds(total)}</b></td><td></td></tr></tbody></table>
<p class="hint">${formatCount(cost.imagesSeen)} training images were gone through${cost.peakMemoryBytes !== null && `, and one training took at most ${formatBytes(cost.peakMemoryBytes)} of memory`}.</p>`;
}

const show = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

export function repeatSection(data: ReportData): Html {
  const options = Object.entries(data.options).filter(([, value]) => value !== null && show(value) !== '{}');
  const pairs = (entries: readonly (readonly [string, string])[]): Html[] =>
    entries.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`);
  return html`${data.command !== '' && html`<pre>${data.command}</pre>`}
<div class="pair"><div><h3>Machine</h3><dl>${pairs(Object.entries(data.machine))}</dl></div>
<div><h3>Versions</h3><dl>${pairs(Object.entries(data.versions))}</dl></div></div>
${Object.keys(data.devices).length > 0 && html`<h3>Other devices</h3><dl>${pairs(Object.entries(data.devices))}</dl>`}
<h3>Search</h3><dl>${pairs([
    [
      'space',
      `${data.space.name}, ${data.space.size ?? 'infinitely many'} genomes. ${data.space.description}`,
    ],
    ['strategy', `${data.strategy.name}. ${data.strategy.description}`],
    ...proposals(data),
    ...training(data),
    ['objectives', data.objectives.map((o) => `${o.direction} ${o.measure}`).join(', ')],
    ['seed', String(data.seed)],
  ])}</dl>
<details><summary>All options</summary><dl>${pairs(options.map(([name, value]) => [name, show(value)]))}</dl></details>`;
}

/** What the strategy said of its proposals, the most frequent first. */
function proposals({ trials }: ReportData): (readonly [string, string])[] {
  const counts = new Map<string, number>();
  for (const { note } of trials) {
    if (note === undefined) continue;
    // What follows in brackets is detail of the one proposal.
    const kind = note.replace(/ \(.*$/s, '');
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  if (counts.size === 0) return [];
  const sorted = [...counts].sort(([, a], [, b]) => b - a);
  return [['proposals', sorted.map(([note, count]) => `${note}: ${count}`).join('; ')]];
}

function training({ winner }: ReportData): (readonly [string, string])[] {
  return winner?.training === undefined ? [] : [['training of the winner', JSON.stringify(winner.training)]];
}
