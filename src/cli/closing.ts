/** What stays on the screen at the end of a search. In 80 columns, as long as a path of the user's is no longer. */
import {
  formatBytes,
  formatCount,
  formatMilliseconds,
  formatPercent,
  formatSeconds,
  numberOf,
} from '../report/format.ts';
import { speedUpShort, speedUpText } from '../report/precision-figures.ts';
import type { DoneEvent, FrontMember } from '../search/events.ts';
import { deviceTable } from './device-table.ts';
import { tableLines } from './table.ts';
import type { styler } from './terminal.ts';

export function closingLines(done: DoneEvent, style: ReturnType<typeof styler>): string[] {
  const accuracy =
    done.testAccuracy === null
      ? `validation accuracy ${style('bold', formatPercent(done.valAccuracy))} (there are no test images)`
      : `test accuracy ${style('bold', formatPercent(done.testAccuracy))}, validation ${formatPercent(done.valAccuracy)}`;
  const { complete, failed, pruned } = done.trials;
  const front = done.front ?? [];
  return [
    '',
    accuracy,
    `${formatCount(done.params)} parameters, ${formatCount(done.macs)} MACs, ${formatMilliseconds(done.latencyMs)} an image${doubt(done.latencyTrusted)}`,
    ...int8Lines(done),
    ...(front.length === 0 ? deviceTable([{ ...done, label: 'an image' }]) : []),
    `${numberOf(complete, 'trial')} complete, ${pruned} pruned, ${failed} failed, ${formatSeconds(done.seconds)}`,
    ...frontLines(front),
    ...deviceTable(front.map((member) => ({ ...member, label: `trial ${member.trial}` }))),
    '',
    `model   ${done.out}/model.onnx`,
    ...(typeof done.int8File === 'string' ? [`8 bits  ${done.out}/${done.int8File}`] : []),
    `report  ${done.out}/report.html`,
    `try     espalier predict ${done.out}/${done.int8File ?? 'model.onnx'} IMAGE`,
  ];
}

const optional = <T>(value: T | null | undefined, format: (value: T) => string): string =>
  value === null || value === undefined ? '–' : format(value);

const doubt = (trusted: boolean | null | undefined): string =>
  trusted === false ? ' (in doubt: the machine was slow or not steady)' : '';

/** The winner in 8 bits; nothing without `--int8`. */
function int8Lines(done: DoneEvent): string[] {
  const { int8LatencyMs, int8ValAccuracy, int8TestAccuracy, int8SizeBytes, int8SpeedUp } = done;
  if (int8LatencyMs === undefined) return [];
  if (int8LatencyMs === null) return ['there is no model in 8 bits: the network could not be quantised'];
  return [
    `in 8 bits: ${int8TestAccuracy === null ? '' : `test accuracy ${optional(int8TestAccuracy, formatPercent)}, `}` +
      `validation ${optional(int8ValAccuracy, formatPercent)}, ${optional(int8SizeBytes, formatBytes)}`,
    `  ${formatMilliseconds(int8LatencyMs)} an image${doubt(done.int8LatencyTrusted)}`,
    ...(int8SpeedUp ? [`  ${speedUpText(int8SpeedUp)}, run in turns`] : []),
  ];
}

/** The trained networks beside each other, a row for each file, and what is to be known of them. */
function frontLines(front: readonly FrontMember[]): string[] {
  if (front.length === 0) return [];
  const int8 = front.some(({ int8LatencyMs }) => int8LatencyMs !== undefined);
  const head = ['trial', 'test acc', 'val acc', 'latency', ...(int8 ? ['speed-up'] : []), 'params', 'file'];
  const rows = front.flatMap((member) => [
    [
      String(member.trial),
      optional(member.testAccuracy, formatPercent),
      formatPercent(member.valAccuracy),
      formatMilliseconds(member.latencyMs),
      ...(int8 ? [''] : []),
      formatCount(member.params),
      member.file,
    ],
    ...(typeof member.int8File === 'string'
      ? [
          [
            `${member.trial} int8`,
            optional(member.int8TestAccuracy, formatPercent),
            optional(member.int8ValAccuracy, formatPercent),
            optional(member.int8LatencyMs, formatMilliseconds),
            optional(member.int8SpeedUp, speedUpShort),
            '',
            member.int8File,
          ],
        ]
      : []),
  ]);
  const dominated = front.filter((member) => member.dominated).map(({ trial }) => trial);
  const doubted = front
    .filter((member) => member.latencyTrusted === false || member.int8LatencyTrusted === false)
    .map(({ trial }) => trial);
  return [
    '',
    ...tableLines([head, ...rows], `l${'r'.repeat(head.length - 2)}l`),
    ...(dominated.length === 0
      ? []
      : [`dominated, another one is at least as good in every objective: trial ${dominated.join(', ')}`]),
    ...(doubted.length === 0
      ? []
      : [`latency in doubt, the machine was slow or not steady: trial ${doubted.join(', ')}`]),
    ...front.flatMap(({ trial, overBounds = [] }) =>
      overBounds.map((bound) => `over a bound: trial ${trial}, ${bound}`),
    ),
  ];
}
