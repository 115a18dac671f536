/** What `search`, `quickstart` and `resume` have in common: events on the screen, the result at the end. */
import { EXIT } from '../errors.ts';
import { formatCount, formatMilliseconds, formatPercent, formatSeconds } from '../report/format.ts';
import type { DoneEvent, OnEvent } from '../search/events.ts';
import type { CliContext } from './command.ts';
import { createReporter } from './progress/reporter.ts';
import { print, styler } from './terminal.ts';

/** Runs `start` under a reporter. Gives the exit code. */
export async function runSearch(
  { terminal, signal }: CliContext,
  mode: { readonly json: boolean },
  start: (hooks: { readonly onEvent: OnEvent; readonly signal: AbortSignal }) => Promise<unknown>,
): Promise<number> {
  const reporter = createReporter(terminal, mode);
  let done: DoneEvent | null = null;
  try {
    await start({
      signal,
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
    ...Object.entries(done.devices ?? {}).map(([name, { latencyMs, int8LatencyMs }]) =>
      [
        latencyMs === undefined ? [] : `${formatMilliseconds(latencyMs)} an image on ${name}`,
        int8LatencyMs === undefined ? [] : `${formatMilliseconds(int8LatencyMs)} in 8 bits`,
      ]
        .flat()
        .join(', '),
    ),
    `${complete} trials complete, ${pruned} pruned, ${failed} failed, ${formatSeconds(done.seconds)}`,
    '',
    `model   ${done.out}/model.onnx`,
    `report  ${done.out}/report.html`,
    `try     espalier predict ${done.out}/model.onnx IMAGE`,
  ];
}
