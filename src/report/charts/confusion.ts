/** Confusion matrix as a heat map. */
import type { ConfusionMatrix } from '../../task/classification-metrics.ts';
import { formatPercent } from '../format.ts';
import { type Html, html } from '../html.ts';

/** Figures fit into the cells up to here. */
const MOST_FIGURES = 16;
const LABEL_SPACE = 110;
const NAME_LENGTH = 15;

const shorten = (name: string): string =>
  name.length > NAME_LENGTH ? `${name.slice(0, NAME_LENGTH - 1)}…` : name;

/** Rows are the actual classes, columns the predicted ones; the shade is the share of the row. */
export function confusionChart(confusion: ConfusionMatrix, classes: readonly string[]): Html {
  const count = classes.length;
  const cell = Math.max(9, Math.min(46, Math.floor(560 / count)));
  const size = cell * count;
  const figures = count <= MOST_FIGURES;
  // Names of small cells would overlap: every n-th is written.
  const every = Math.ceil(11 / cell);
  const named = classes.map((name, i) => ({ name: shorten(name), i })).filter(({ i }) => i % every === 0);
  const total = (row: readonly number[]): number => row.reduce((a, b) => a + b, 0);
  const cells = confusion.flatMap((row, actual) =>
    row.map((value, predicted) => {
      const share = value / Math.max(1, total(row));
      const hit = actual === predicted;
      const [x, y] = [predicted * cell, actual * cell];
      // A single mistake among many hits must still be seen.
      const shade = value === 0 ? 0 : 0.1 + 0.9 * Math.sqrt(share);
      const tip = `${classes[actual]} taken for ${classes[predicted]}: ${value} (${formatPercent(share)})`;
      return html`<g><rect x="${x + 0.5}" y="${y + 0.5}" width="${cell - 1}" height="${cell - 1}" rx="2" class="${hit ? 'hit' : 'miss'}" fill-opacity="${shade.toFixed(3)}"><title>${tip}</title></rect>${
        figures &&
        value > 0 &&
        html`<text x="${x + cell / 2}" y="${y + cell / 2}" class="${shade > 0.6 ? 'on' : 'off'}">${value}</text>`
      }</g>`;
    }),
  );
  const width = LABEL_SPACE + size + 8;
  return html`<div class="confusion"><svg role="img" aria-label="Confusion matrix" viewBox="0 0 ${width} ${size + LABEL_SPACE}" style="max-width:${width}px">
<g transform="translate(${LABEL_SPACE} 4)">
<rect width="${size}" height="${size}" class="ground" rx="4"></rect>
${cells}
${named.map(({ name, i }) => html`<text class="name" x="-8" y="${(i + 0.5) * cell}" text-anchor="end">${name}</text>`)}
${named.map(({ name, i }) => html`<text class="name" transform="translate(${(i + 0.5) * cell} ${size + 8}) rotate(-45)" text-anchor="end">${name}</text>`)}
</g></svg>
<p class="hint">Rows: what the images are. Columns: what the network says. Shade: share of the row.</p></div>`;
}
