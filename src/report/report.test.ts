import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { reportData } from '../../test/fixtures/report-data.ts';
import { PRESETS } from '../space/presets/index.ts';
import type { ReportData, Winner } from './data.ts';
import { escapeHtml, html, trusted } from './html.ts';
import { reportPage } from './page.ts';
import { writePareto } from './pareto-csv.ts';
import { writeReport } from './report.ts';
import { snippets } from './snippets.ts';
import { writeTrials } from './trials-json.ts';

const folder = mkdtempSync(join(tmpdir(), 'espalier-report-'));
afterAll(() => rmSync(folder, { recursive: true }));

const EVIL = '</script><img src=x onerror=alert(1)>"\'&';
const data = reportData({ space: PRESETS.residual, classes: ['rose', EVIL, 'daisy'], trials: 30 });

test('what is put into a template is escaped, unless it is HTML already', () => {
  expect(html`<p title="${'"'}">${'<b>'}${[html`<i>${1}</i>`, '&']}${null}${false}</p>`.text).toBe(
    '<p title="&quot;">&lt;b&gt;<i>1</i>&amp;</p>',
  );
  expect(trusted('<b>').text).toBe('<b>');
  expect(escapeHtml(EVIL)).not.toMatch(/[<>"']/);
});

test('the page holds everything, asks for nothing, and trusts no name', async () => {
  const path = join(folder, 'report.html');
  await writeReport({ ...data, title: EVIL, command: EVIL, notes: [EVIL] }, path);
  const page = readFileSync(path, 'utf8');
  for (const id of [
    'history',
    'front',
    'architecture',
    'learning',
    'curves',
    'classes',
    'use',
    'trials',
    'data',
    'cost',
    'repeat',
  ])
    expect(page).toContain(`<section id="${id}">`);
  expect(page).toContain('A board, predicted from a calibration');
  expect(page).toContain('<dd>horizontal flips, shifts of up to 4 px</dd>');
  // Nothing is loaded: no address in an attribute, no import in the style.
  expect(page).not.toMatch(/src="(?!#|data:)|<(?!a )[^>]* href="(?!#|data:)/);
  expect(page).not.toMatch(/@import|url\((?!#)/);
  expect(page).not.toContain('<img');
  expect(page.match(/<script/g)).toHaveLength(1);
  // Charts have no colours of their own left, and no two of their parts share a name.
  expect(page).not.toMatch(/#0a0b0\d/);
  const ids = [...page.matchAll(/ id="([^"]+)"/g)].map((match) => match[1]);
  expect(new Set(ids).size).toBe(ids.length);
});

describe('the history', () => {
  /** The last one could not be quantised. */
  const complete = data.trials.filter((trial) => trial.state === 'complete');
  const trials = data.trials.map((trial) =>
    trial.state !== 'complete' || trial === complete.at(-1)
      ? trial
      : { ...trial, measures: { ...trial.measures, int8ValAccuracy: trial.measures.valAccuracy! - 0.05 } },
  );
  /** Of the chart for wide screens. */
  const chartOf = (own: ReportData): string =>
    /<section id="history">[\s\S]*?<svg([\s\S]*?)<\/svg>/.exec(reportPage(own))![1]!;
  const tips = (svg: string, suffix: string): readonly string[] =>
    [...svg.matchAll(new RegExp(`<title>(trial \\d+)${suffix}: ([\\d.]+) %`, 'g'))].map(
      ([, trial, percent]) => `${trial} ${percent}`,
    );
  const expected = (drop: number, members: readonly (typeof trials)[number][]): readonly string[] =>
    members.map(
      ({ number, measures }) => `trial ${number} ${(100 * (measures.valAccuracy! - drop)).toFixed(2)}`,
    );

  test('of a search in float has one accuracy', () => {
    const svg = chartOf(data);
    expect(tips(svg, '')).toEqual(expected(0, complete));
    expect(svg).not.toContain('8 bits');
    expect(svg).toContain('>best so far<');
  });

  test('of a search in 8 bits has both, each with its best so far and a name in the legend', () => {
    const svg = chartOf({
      ...data,
      trials,
      objectives: [{ measure: 'int8ValAccuracy', direction: 'maximise' }],
    });
    expect(tips(svg, ' in float')).toEqual(expected(0, complete));
    expect(tips(svg, ' in 8 bits')).toEqual(expected(0.05, complete.slice(0, -1)));
    for (const name of ['best so far', 'trial'])
      for (const precision of ['in float', 'in 8 bits']) expect(svg).toContain(`>${name} ${precision}<`);
    // What the search was judged by is drawn solid: the same line, the other way round.
    const line = (from: string, dashed: boolean): string | undefined =>
      [...from.matchAll(/<path d="([^"]+)" fill="none"[^>]*? stroke="([^"]+)"([^>]*)>/g)].find(
        ([, , stroke, rest]) =>
          stroke === (dashed ? 'var(--muted)' : 'var(--accent)') && rest!.includes('dasharray') === dashed,
      )?.[1];
    const inFloat = chartOf({ ...data, trials });
    expect(line(svg, false)).toMatch(/^M/);
    expect(line(svg, false)).toBe(line(inFloat, true));
    expect(line(svg, true)).toBe(line(inFloat, false));
    expect(svg).toContain('Validation accuracy in float and in 8 bits of');
  });
});

test('learning curves of all trials lie in one chart; what was never trained has none', () => {
  const trained = data.trials.filter(({ curve }) => curve.length > 1);
  expect(reportPage(data)).toContain(`Validation accuracy of ${trained.length} trials over their epochs`);
  const [one] = trained;
  expect(reportPage({ ...data, trials: [one!] })).not.toContain('<section id="learning">');
});

test.each(Object.values(PRESETS))('a network of $name is drawn whole', (space) => {
  const own = reportData({ space, classes: ['a', 'b'], trials: 12 });
  const page = reportPage(own);
  const last = own.winner!.network.nodes[own.winner!.network.nodes.length - 1]!.id;
  expect(page).toContain(`${last}: `);
  // Edges and boxes lie within their drawings.
  for (const [, left, width, height, body] of page.matchAll(
    /aria-label="\d+ layers" width="\d+" height="\d+" viewBox="(-?\d+) 0 (\d+) (\d+)">([\s\S]*?)<\/svg>/g,
  ))
    for (const [, x, y] of body!.matchAll(/[MLQ ](-?[\d.]+) (-?[\d.]+)(?=[ QL"])/g)) {
      expect(Number(x)).toBeGreaterThanOrEqual(Number(left));
      expect(Number(x)).toBeLessThanOrEqual(Number(left) + Number(width));
      expect(Number(y)).toBeLessThanOrEqual(Number(height));
    }
});

test('an unfinished study, and one without any trial, have a page too', () => {
  const unfinished = reportPage({ ...data, winner: null, others: [] });
  expect(unfinished).toContain('unfinished');
  expect(unfinished).not.toContain('<section id="use">');
  const empty = reportPage({ ...data, winner: null, others: [], trials: [], front: [] });
  expect(empty).toContain('<section id="data">');
});

test('a hundred classes fit', () => {
  const classes = Array.from({ length: 100 }, (_, i) => `class ${i}`);
  expect(reportPage(reportData({ space: PRESETS.mobile, classes, trials: 5 }))).toContain('class 99');
});

describe('the networks of the front', () => {
  const [first, second] = data.front.map((number) => data.trials.find((t) => t.number === number)!);
  const int8 = {
    file: 'models/int8.onnx',
    valInterval: [0.91, 0.94],
    testInterval: [0.85, 0.88],
    latency: { lowMs: 0.4, highMs: 0.6 },
    speedUp: { ratio: 1.816, low: 1.79, high: 1.85 },
    floatLayers: [{ name: 'head.gelu', op: 'Gelu', reason: 'there is no integer kernel for it' }],
  } as const;
  const measures = {
    int8ValAccuracy: 0.925,
    int8TestAccuracy: 0.87,
    int8LatencyMs: 0.5,
    int8SizeBytes: 25_000,
  };
  const member = (trial: number, quantised: boolean): Winner => ({
    ...data.winner!,
    trial,
    measures: { ...data.winner!.measures, sizeBytes: 100_000, ...(quantised && measures) },
    model: { ...data.winner!.model, file: `models/${trial}.onnx` },
    int8: quantised ? int8 : null,
  });
  const own: ReportData = {
    ...data,
    winner: member(first!.number, true),
    members: [member(first!.number, true), member(second!.number, false)],
    standings: [
      { overBounds: [], dominated: false },
      { overBounds: ['latency 3, bound 2'], dominated: true },
    ],
  };
  const page = reportPage(own);

  test('every one has a panel, to which its points in the plots lead', () => {
    for (const number of own.front) {
      expect(page.match(new RegExp(`id="trial-${number}"`, 'g'))).toHaveLength(1);
      const links = page.match(new RegExp(`<a href="#trial-${number}" aria-label="trial ${number}[: ]`, 'g'));
      // Three plots in two sizes; entries of the legend lead nowhere.
      expect(links?.length).toBe(
        number === own.members[0]!.trial || number === own.members[1]!.trial ? 12 : 6,
      );
    }
    expect(page).toContain(`espalier pick runs/flowers --trial ${first!.number}`);
    expect(page).toContain('espalier predict runs/flowers/models/int8.onnx IMAGE');
    for (const [, target] of page.matchAll(/href="#([^"]+)"/g)) expect(page).toContain(` id="${target}"`);
  });

  test('float stands against 8 bits with intervals, and what could not be quantised is said', () => {
    expect(page).toContain('<section id="precision">');
    expect(page).toContain('92.50 % (91.00 to 94.00)');
    expect(page).toContain('1.82 times as fast as float (1.79 to 1.85)');
    expect(page).toContain('4.0 times smaller');
    expect(page).toContain('<code>head.gelu</code> (Gelu): there is no integer kernel for it');
    expect(page).toContain('could not be quantised');
    expect(page).toContain('href="models/int8.onnx"');
    expect(reportPage(data)).not.toContain('<section id="precision">');
  });

  test('what is dominated or over a bound is marked', () => {
    expect(page).toMatch(/<span class="tag"[^>]*>dominated/);
    expect(page).toContain('is over a bound as it is exported: latency 3, bound 2.');
  });

  test('the plots are of the objectives', () => {
    const objectives = [
      { measure: 'valAccuracy', direction: 'maximise' },
      { measure: 'memoryBytes', direction: 'minimise' },
    ] as const;
    expect(reportPage({ ...own, objectives })).toContain('aria-label="validation accuracy against memory"');
    expect(page).not.toContain('against memory"');
    const trials = own.trials.map((t) => ({
      ...t,
      measures: { ...t.measures, int8ValAccuracy: (t.measures.valAccuracy ?? 0) - 0.01 },
    }));
    const both = [objectives[0], { measure: 'int8ValAccuracy', direction: 'maximise' }] as const;
    expect(reportPage({ ...own, trials, objectives: both })).toContain(
      'aria-label="validation accuracy against validation accuracy in 8 bits"',
    );
  });
});

test('snippets hold the names and numbers of the model', () => {
  const { model, classes } = data.winner!;
  const own = { ...model, input: 'my input', output: 'scores' };
  for (const { title, code } of snippets(own, classes)) {
    expect(code).toContain('model.onnx');
    if (title === 'Command line') continue;
    expect(code).toContain('"my input"');
    expect(code).toContain('0.49, 0.48, 0.44');
    expect(code).toContain(JSON.stringify(classes));
  }
});

test('trials.json is an array of all trials', async () => {
  const path = join(folder, 'trials.json');
  await writeTrials(data.trials, path);
  const rows = JSON.parse(readFileSync(path, 'utf8'));
  expect(rows).toHaveLength(30);
  expect(rows[3]).toMatchObject({
    number: 3,
    state: data.trials[3]!.state,
    genome: data.trials[3]!.genome,
    measures: { params: expect.any(Number), macs: expect.any(Number) },
    reason: data.trials[3]!.reason,
  });
  await writeTrials([], path);
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual([]);
});

test('pareto.csv has a row for each trial of the front, cells with commas in quotes', async () => {
  const path = join(folder, 'pareto.csv');
  const front = data.trials.filter((trial) => data.front.includes(trial.number));
  await writePareto(front, path);
  const [head, ...rows] = readFileSync(path, 'utf8').trimEnd().split('\r\n');
  expect(head).toMatch(/^trial,params,macs,.*valAccuracy.*,genome$/);
  expect(rows).toHaveLength(front.length);
  expect(rows[0]).toContain(`"${JSON.stringify(front[0]!.genome).replaceAll('"', '""')}"`);
});
