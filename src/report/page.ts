/** The report as one page. */
import { arrowMarker, drawArchitecture } from './architecture/draw.ts';
import { allCurvesChart } from './charts/all-curves.ts';
import { curvesChart } from './charts/curves.ts';
import { historyChart } from './charts/history.ts';
import type { ReportData } from './data.ts';
import { type Html, html, trusted } from './html.ts';
import { frontPlots, leadingAccuracy } from './plots.ts';
import { SCRIPT } from './script.ts';
import { costSection, repeatSection } from './sections/cost.ts';
import { dataSection } from './sections/data.ts';
import { membersSection } from './sections/members.ts';
import { pointsSection } from './sections/points.ts';
import { precisionSection } from './sections/precision.ts';
import { trialTable } from './sections/trials.ts';
import { classSection, headFigures } from './sections/winner.ts';
import { snippets } from './snippets.ts';
import { STYLE } from './style.ts';

interface Section {
  readonly id: string;
  /** In the navigation. */
  readonly short: string;
  readonly title: string;
  readonly body: Html;
}

/** The sections that there is something to say for. */
function sections(data: ReportData): Section[] {
  const { trials, winner } = data;
  const front = new Set(data.front);
  const chosen = winner?.trial ?? null;
  const history = historyChart(trials, leadingAccuracy(data));
  const plots = frontPlots(data);
  const members = data.members.length > 0 || winner === null ? data.members : [winner];
  const precision = precisionSection(members);
  const points = pointsSection(data);
  const allCurves = allCurvesChart({ trials, front, winner: chosen });
  const curves = winner && curvesChart(winner.curve);
  return [
    data.notes.length > 0 && {
      id: 'notes',
      short: 'Notes',
      title: 'To know before you read on',
      body: html`<ul class="notes">${data.notes.map((note) => html`<li>${note}</li>`)}</ul>`,
    },
    history && { id: 'history', short: 'History', title: 'Search history', body: history },
    plots.length > 0 && {
      id: 'front',
      short: 'Pareto front',
      title: 'Objectives against each other',
      body: html`${plots[0]!}${plots.length > 1 && html`<div class="pair">${plots.slice(1).map((plot) => html`<div>${plot}</div>`)}</div>`}
<p class="hint">Circles are trials, with the accuracies of partial training; diamonds are networks that were trained fully afterwards, with the figures of their files. Points of the front lead to <a href="#points">what is behind them</a>.</p>`,
    },
    winner &&
      data.members.length > 1 && {
        id: 'members',
        short: 'Trained',
        title: 'Trained networks of the front',
        body: membersSection(data, winner.trial),
      },
    precision && {
      id: 'precision',
      short: 'Float and 8 bits',
      title: 'Float against 8 bits',
      body: precision,
    },
    points && {
      id: 'points',
      short: 'Networks',
      title: 'The networks of the front, one by one',
      body: points,
    },
    winner && {
      id: 'architecture',
      short: 'Architecture',
      title: `The chosen network (trial ${winner.trial})`,
      body: html`${drawArchitecture(winner.network)}${data.others.map(
        ({ trial, network }) =>
          html`<details><summary>For comparison: trial ${trial}</summary>${drawArchitecture(network)}</details>`,
      )}`,
    },
    allCurves && {
      id: 'learning',
      short: 'Learning',
      title: 'Learning curves of all trials',
      body: allCurves,
    },
    curves && { id: 'curves', short: 'Training', title: 'Final training', body: curves },
    winner && { id: 'classes', short: 'Classes', title: 'Where it errs', body: classSection(winner) },
    winner && {
      id: 'use',
      short: 'Use it',
      title: 'How to use the model',
      body: html`${snippets(winner.model, winner.classes).map(
        ({ title, code }, i) =>
          html`<details${i < 2 && ' open'}><summary>${title}</summary><pre>${code}</pre></details>`,
      )}<p class="hint">The file's metadata holds the labels and the preprocessing. Images are scaled to fill the input by averaging areas; other scaling filters change results slightly.</p>`,
    },
    trials.length > 0 && {
      id: 'trials',
      short: 'Trials',
      title: `All ${trials.length} trials`,
      body: trialTable({ trials, front, winner: chosen }),
    },
    { id: 'data', short: 'Data', title: 'Data', body: dataSection(data) },
    { id: 'cost', short: 'Cost', title: 'Cost', body: costSection(data) },
    { id: 'repeat', short: 'Repeat', title: 'To repeat it', body: repeatSection(data) },
  ].filter((section): section is Section => Boolean(section));
}

export function reportPage(data: ReportData): string {
  const parts = sections(data);
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><meta name="color-scheme" content="light dark">
<title>${data.title}</title><link rel="icon" href="data:,"><style>${trusted(STYLE)}</style></head>
<body>${arrowMarker}<header><div><h1>${data.title}</h1><p class="hint">Written ${data.writtenAt.slice(0, 16).replace('T', ' ')} UTC by Espalier ${data.versions.espalier ?? ''}, seed ${String(data.seed)}</p>${headFigures(data)}</div></header>
<nav><div>${parts.map(({ id, short }) => html`<a href="#${id}">${short}</a>`)}</div></nav>
<main>${parts.map(({ id, title, body }) => html`<section id="${id}"><h2>${title}</h2>${body}</section>`)}
<footer>One file, no requests: this page can be sent and kept as it is.</footer></main>
<script>${trusted(SCRIPT)}</script></body></html>
`.text;
}
