/** What `search`, `quickstart` and `resume` have in common: events on the screen, the result at the end. */
import { EXIT } from '../errors.ts';
import {
  formatBytes,
  formatCount,
  formatMilliseconds,
  formatPercent,
  formatSeconds,
  numberOf,
} from '../report/format.ts';
import { speedUpText } from '../report/precision-figures.ts';
import type { SearchHooks } from '../search/context.ts';
import type { DoneEvent } from '../search/events.ts';
import type { CliContext } from './command.ts';
import { createReporter } from './progress/reporter.ts';
import { tableLines } from './table.ts';
import { print, styler } from './terminal.ts';

/** Runs `start` under a reporter. Gives the exit code. */
export async function runSearch(
  { terminal, args, signal, began }: CliContext,
  mode: { readonly json: boolean },
  start: (hooks: SearchHooks) => Promise<unknown>,
): Promise<number> {
  const reporter = createReporter(terminal, mode);
  let done: DoneEvent | null = null;
  try {
    await start({
      signal,
      began,
      command: ['espalier', ...args],
      onEvent(event) {
        if (event.event === 'done') done = event;
        reporter.onEvent(event);
      },
    });
  } finally {
    reporter.close();
  }
  if (done !== null && !mode.json) print(terminal, ...resultLines(done, styler(terminal.stdout)));
  return signal.aborted ? EXIT.interrupted : EXIT.ok;
}

function resultLines(done: DoneEvent, style: ReturnType<typeof styler>): string[] {
  const accuracy =
    done.testAccuracy === null
      ? `validation accuracy ${style('bold', formatPercent(done.valAccuracy))} (there are no test images)`
      : `test accuracy ${style('bold', formatPercent(done.testAccuracy))}, validation ${formatPercent(done.valAccuracy)}`;
  const { complete, failed, pruned } = done.trials;
  return [
    '',
    accuracy,
    `${formatCount(done.params)} parameters, ${formatCount(done.macs)} MACs, ${formatMilliseconds(done.latencyMs)} an image`,
    ...int8Lines(done),
    ...Object.entries(done.devices ?? {}).map(([name, { latencyMs, int8LatencyMs }]) =>
      [
        latencyMs === undefined ? [] : `${formatMilliseconds(latencyMs)} an image on ${name}`,
        int8LatencyMs === undefined ? [] : `${formatMilliseconds(int8LatencyMs)} in 8 bits`,
      ]
        .flat()
        .join(', '),
    ),
    `${numberOf(complete, 'trial')} complete, ${pruned} pruned, ${failed} failed, ${formatSeconds(done.seconds)}`,
    ...frontLines(done),
    '',
    `model   ${done.out}/model.onnx`,
    ...(typeof done.int8File === 'string' ? [`8 bits  ${done.out}/${done.int8File}`] : []),
    `report  ${done.out}/report.html`,
    `try     espalier predict ${done.out}/${done.int8File ?? 'model.onnx'} IMAGE`,
  ];
}

const optional = (value: number | null | undefined, format: (value: number) => string): string =>
  value === null || value === undefined ? '–' : format(value);

/** The winner in 8 bits; nothing without `--int8`. */
function int8Lines(done: DoneEvent): string[] {
  const { int8LatencyMs, int8ValAccuracy, int8TestAccuracy, int8SizeBytes, int8SpeedUp } = done;
  if (int8LatencyMs === undefined) return [];
  if (int8LatencyMs === null) return ['there is no model in 8 bits: the network could not be quantised'];
  const speed = int8SpeedUp ? `, ${speedUpText(int8SpeedUp)}` : '';
  return [
    `in 8 bits: ${int8TestAccuracy === null ? '' : `test accuracy ${optional(int8TestAccuracy, formatPercent)}, `}` +
      `validation ${optional(int8ValAccuracy, formatPercent)}, ${formatMilliseconds(int8LatencyMs)} an image${speed}, ` +
      `${optional(int8SizeBytes, formatBytes)}`,
  ];
}

/** The trained networks beside each other, with all their files. */
function frontLines({ front }: DoneEvent): string[] {
  if (front === undefined || front.length === 0) return [];
  const int8 = front.some(({ int8LatencyMs }) => int8LatencyMs !== undefined);
  const head = [
    'trial',
    'test acc',
    'val acc',
    'latency',
    ...(int8 ? ['test acc int8', 'val acc int8', 'latency int8', 'times as fast'] : []),
    'params',
    'files',
  ];
  const rows = front.map((member) => [
    String(member.trial),
    optional(member.testAccuracy, formatPercent),
    formatPercent(member.valAccuracy),
    formatMilliseconds(member.latencyMs),
    ...(int8
      ? [
          optional(member.int8TestAccuracy, formatPercent),
          optional(member.int8ValAccuracy, formatPercent),
          optional(member.int8LatencyMs, formatMilliseconds),
          optional(member.int8SpeedUp?.ratio, (ratio) => ratio.toFixed(2)),
        ]
      : []),
    formatCount(member.params),
    [member.file, ...(member.int8File ? [member.int8File] : [])].join(', ') +
      (member.dominated ? '  (dominated)' : '') +
      (member.overBounds ?? []).map((bound) => `  (over a bound: ${bound})`).join(''),
  ]);
  return ['', ...tableLines([head, ...rows], `${'r'.repeat(head.length - 1)}l`)];
}
