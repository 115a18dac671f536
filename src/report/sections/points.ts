/**
 * The networks of the front one by one, trained fully or not: what the points of the plots lead to. A panel opens by its
 * place in the address, so that no script is needed.
 */
import { describeGenome } from '../../space/json.ts';
import type { Trial } from '../../study/trial.ts';
import { drawArchitecture } from '../architecture/draw.ts';
import { curvesChart } from '../charts/curves.ts';
import type { ReportData, Winner } from '../data.ts';
import { formatMeasure, measureLabel } from '../format.ts';
import { type Html, html } from '../html.ts';
import { panelId, panelLink } from '../panel-link.ts';
import { leadingAccuracy } from '../plots.ts';
import { standingTags } from './members.ts';
import { precisionTable } from './precision.ts';

/** Null where there is none. */
export function pointsSection(data: ReportData): Html | null {
  const { trials, members, winner } = data;
  const trained = new Map([...(winner === null ? [] : [winner]), ...members].map((m) => [m.trial, m]));
  const numbers = [...new Set([...data.front, ...trained.keys()])].sort((a, b) => a - b);
  const panels = numbers.flatMap((number) => {
    const member = trained.get(number);
    if (member !== undefined) return [memberPanel(data, member)];
    const trial = trials.find((t) => t.number === number);
    return trial === undefined ? [] : [trialPanel(data, trial)];
  });
  return panels.length === 0
    ? null
    : html`${panels}<p class="hint">A click on a network, here or in a plot, opens it. Those that were not trained fully have the figures of their trial.</p>`;
}

const panel = (number: number, summary: Html, inside: Html): Html =>
  html`<article class="panel" id="${panelId(number)}"><h3><a href="${panelLink(number)}">Trial ${number}</a> ${summary}</h3>
<div class="inside">${inside}<p><a href="#front">Back to the plots</a></p></div></article>`;

const genomeText = (genome: Trial['genome']): Html =>
  html`<p class="hint"><code>${describeGenome(genome)}</code></p>`;

function memberPanel(data: ReportData, member: Winner): Html {
  const { trial, genome, network, curve, measures, model, int8 } = member;
  const chosen = data.winner?.trial === trial;
  const at = data.members.findIndex((m) => m.trial === trial);
  const y = leadingAccuracy(data);
  const cost = y === 'int8ValAccuracy' ? 'int8LatencyMs' : 'latencyMs';
  const best = int8?.file ?? model.file;
  const link = (file: string): Html => html`<a href="${file}">${file}</a>`;
  return panel(
    trial,
    html`${formatMeasure(y, measures[y])} at ${formatMeasure(cost, measures[cost])}, trained fully${standingTags(data.standings[at], chosen)}`,
    html`${precisionTable(member)}
<p>${formatMeasure('params', measures.params)} parameters, ${formatMeasure('macs', measures.macs)} multiply-accumulates an image. ${link(model.file)}${int8 ? html`, ${link(int8.file)}` : null}</p>
<pre>${at < 0 ? '' : `espalier pick ${data.run} --trial ${trial}\n`}espalier predict ${data.run}/${best} IMAGE
espalier verify ${data.run}/${best} --data DATA</pre>
${genomeText(genome)}${
  chosen
    ? html`<p>Its <a href="#architecture">architecture</a>${curve.length > 1 ? html` and <a href="#curves">training</a>` : null} ${curve.length > 1 ? 'are' : 'is'} below.</p>`
    : html`${drawArchitecture(network)}${curvesChart(curve)}`
}`,
  );
}

function trialPanel(data: ReportData, { number, genome, measures, curve }: Trial): Html {
  const y = leadingAccuracy(data);
  const drawn = data.drawn.find(({ trial }) => trial === number);
  const shown = [
    ...new Set([y, ...data.objectives.map(({ measure }) => measure), 'latencyMs', 'params', 'macs']),
  ].filter((name) => measures[name] !== undefined);
  return panel(
    number,
    html`${formatMeasure(y, measures[y])} after its trial`,
    html`<dl>${shown.map((name) => html`<dt>${measureLabel(name)}</dt><dd>${formatMeasure(name, measures[name])}</dd>`)}</dl>
<p class="hint">On the front, but not trained fully: <code>--front</code> says how many are.</p>
${genomeText(genome)}${drawn === undefined ? null : drawArchitecture(drawn.network)}${curvesChart(curve)}`,
  );
}
