/** The data report. */
import { describeAugmentation } from '../../data/describe-augmentation.ts';
import type { ReportData } from '../data.ts';
import { formatCount } from '../format.ts';
import { type Html, html } from '../html.ts';

const MOST_FILES = 20;

const size = ({ width, height }: { readonly width: number; readonly height: number }): string =>
  `${width}×${height}`;

/** Names kept in the page of each kind. */
const MOST_NAMES = 200;

/** Identical images by name, a line for each group; nothing where there are none. */
function nameList(
  title: string,
  groups: readonly (readonly string[])[],
  total: number,
  counts: (group: readonly string[]) => number = () => 1,
): Html | false {
  const shown = groups.slice(0, MOST_NAMES);
  const rest = total - shown.reduce((sum, group) => sum + counts(group), 0);
  return (
    total > 0 &&
    html`<details><summary>${title} (${total})</summary><ul>${shown.map((group) => html`<li><code>${group.join(' = ')}</code></li>`)}${rest > 0 && html`<li>and ${rest} more</li>`}</ul></details>`
  );
}

export function dataSection({ data: report, augmentation }: Pick<ReportData, 'data' | 'augmentation'>): Html {
  const { splits, originalSizes, unreadable, leaks, duplicates, labelConflicts } = report;
  const split = (name: 'train' | 'val' | 'test'): string =>
    `${splits[name].count}${splits[name].origin === 'given' ? '' : ' (cut from train)'}`;
  const largest = Math.max(1, ...report.classes.map((c) => c.train));
  return html`<dl>
<dt>Source</dt><dd>${report.name}, ${report.format}${report.synthetic && ', drawn by Espalier itself'}</dd>
<dt>Images</dt><dd>${report.images} in ${report.classes.length} classes, ${report.channels === 1 ? 'grey' : 'RGB'}, used at ${size(report.size)}</dd>
<dt>Sizes as they came</dt><dd>${size(originalSizes.min)} to ${size(originalSizes.max)}, median ${size(originalSizes.median)}</dd>
<dt>Splits</dt><dd>train ${split('train')}, validation ${split('val')}, test ${split('test')}</dd>
<dt>Imbalance</dt><dd>largest to smallest class ${report.imbalance.toFixed(1)} : 1</dd>
${augmentation !== undefined && html`<dt>Augmentation</dt><dd>${describeAugmentation(augmentation, report.channels)}</dd>`}
${duplicates.map((d) => html`<dt>Duplicates</dt><dd>${d.count} in ${d.split} repeat another</dd>`)}
${leaks.map((leak) => html`<dt>Leak</dt><dd>${leak.count} images of ${leak.splits[1]} stand in ${leak.splits[0]} too</dd>`)}
${labelConflicts.count > 0 && html`<dt>Label conflicts</dt><dd>${labelConflicts.count} images stand in more than one class</dd>`}
</dl>
${duplicates.map(({ split, count, examples }) => nameList(`Images that are there twice in ${split}`, examples, count, (group) => group.length - 1))}
${leaks.map((leak) => nameList(`Images of ${leak.splits[1]} that stand in ${leak.splits[0]} too`, leak.files, leak.count))}
${nameList('Images that stand in more than one class', labelConflicts.examples, labelConflicts.count)}
${(report.warnings.length > 0 || report.notes.length > 0) && html`<h3>To know</h3><ul class="notes">${[...report.warnings, ...report.notes].map((text) => html`<li>${text}</li>`)}</ul>`}
<h3>Classes</h3>
<div class="scroll"><table><thead><tr><th>class</th><th>train</th><th>validation</th><th>test</th><th class="left">share of the largest, train</th></tr></thead>
<tbody>${report.classes.map(
    (c) =>
      html`<tr><td>${c.name}</td><td>${formatCount(c.train)}</td><td>${formatCount(c.val)}</td><td>${formatCount(c.test)}</td><td class="barcell"><div class="bar" style="width:${((100 * c.train) / largest).toFixed(1)}%"></div></td></tr>`,
  )}</tbody></table></div>
${
  unreadable.length > 0 &&
  html`<h3>Files that could not be read</h3><ul>${unreadable.slice(0, MOST_FILES).map((u) => html`<li><code>${u.file}</code>: ${u.reason}</li>`)}${unreadable.length > MOST_FILES && html`<li>and ${unreadable.length - MOST_FILES} more</li>`}</ul>`
}`;
}
