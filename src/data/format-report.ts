/** The data report as lines for the terminal. */
import type { DataReport } from './report.ts';
import type { ImageSize } from './source.ts';

/** Classes named one by one; of more, only the largest and the smallest are. */
const MOST_CLASSES = 20;
const MOST_FILES = 10;

/** A data report as lines of text for the terminal; long lists are cut and say so. */
export function formatDataReport(report: DataReport): string[] {
  const { name, format, images, classes, splits, size, channels, synthetic } = report;
  const colour = channels === 1 ? 'grey' : 'RGB';
  const lines = [
    `Data: ${name} (${format}${synthetic ? ', synthetic' : ''}), ${count(images, 'image')}, ${classes.length} classes, ${sizeText(size)} ${colour}`,
    `Splits: ${(['train', 'val', 'test'] as const)
      .map(
        (split) =>
          `${split} ${number(splits[split].count)}${splits[split].origin === 'given' ? '' : ' (cut from train)'}`,
      )
      .join(', ')}`,
  ];
  const { min, median, max } = report.originalSizes;
  if (sizeText(min) !== sizeText(max))
    lines.push(`Original sizes: ${sizeText(min)} to ${sizeText(max)}, median ${sizeText(median)}`);
  else if (sizeText(min) !== sizeText(size)) lines.push(`Original size: ${sizeText(min)}`);
  lines.push(...classLines(report));
  for (const { split, count: extra, examples } of report.duplicates)
    lines.push(
      `Duplicates: ${count(extra, 'image')} in ${split} ${extra === 1 ? 'repeats' : 'repeat'} another`,
      ...named(examples, extra, (group) => group.length - 1),
    );
  for (const { splits: pair, count: both, files } of report.leaks)
    lines.push(
      `In two splits: ${count(both, 'image')} of ${pair[1]} ${both === 1 ? 'stands' : 'stand'} in ${pair[0]} too`,
      ...named(files, both),
    );
  const { labelConflicts } = report;
  if (labelConflicts.count > 0)
    lines.push(
      `In two classes: ${count(labelConflicts.count, 'image')}`,
      ...named(labelConflicts.examples, labelConflicts.count),
    );
  for (const { file, reason } of report.unreadable.slice(0, MOST_FILES))
    lines.push(`Left out: ${file}: ${reason}`);
  if (report.unreadable.length > MOST_FILES)
    lines.push(`Left out: ${count(report.unreadable.length - MOST_FILES, 'more image')}`);
  lines.push(...report.notes.map((note) => `Note: ${note}`), ...report.warnings.map((w) => `Warning: ${w}`));
  return lines;
}

/** Names of identical images, a line for each group; `counts` is how much of the total a group stands for. */
function named(
  groups: readonly (readonly string[])[],
  total: number,
  counts: (group: readonly string[]) => number = () => 1,
): string[] {
  const shown = groups.slice(0, MOST_FILES);
  const rest = total - shown.reduce((sum, group) => sum + counts(group), 0);
  return [
    ...shown.map((group) => `  ${group.join(' = ')}`),
    ...(rest > 0 ? [`  and ${number(rest)} more; the report names them`] : []),
  ];
}

function classLines({ classes, imbalance }: DataReport): string[] {
  const sorted = [...classes].sort((a, b) => b.train - a.train);
  const balance = imbalance < 1.1 ? 'balanced' : `largest to smallest ${imbalance.toFixed(1)} : 1`;
  if (classes.length > MOST_CLASSES) {
    const [largest, smallest] = [sorted[0]!, sorted[sorted.length - 1]!];
    return [
      `Classes: ${balance}; ${largest.name} ${number(largest.train)} … ${smallest.name} ${number(smallest.train)}`,
    ];
  }
  return [`Classes (train): ${classes.map((c) => `${c.name} ${number(c.train)}`).join(', ')} (${balance})`];
}

const sizeText = ({ width, height }: ImageSize): string => `${width}×${height}`;
/** Thousands apart, without depending on the machine's locale. */
const number = (value: number): string => String(value).replace(/\B(?=(\d{3})+$)/g, ',');
const count = (value: number, noun: string): string => `${number(value)} ${noun}${value === 1 ? '' : 's'}`;
