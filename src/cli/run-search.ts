/** What `search`, `quickstart` and `resume` have in common: events on the screen, the result at the end. */
import { EXIT } from '../errors.ts';
import type { SearchHooks } from '../search/context.ts';
import type { DoneEvent } from '../search/events.ts';
import { closingLines } from './closing.ts';
import type { CliContext } from './command.ts';
import { createReporter } from './progress/reporter.ts';
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
  if (done !== null && !mode.json) print(terminal, ...closingLines(done, styler(terminal.stdout)));
  return signal.aborted ? EXIT.interrupted : EXIT.ok;
}
