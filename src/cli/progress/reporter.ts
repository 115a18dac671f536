/** Shows a search's events: live in a terminal, as lines in a file or pipe, as JSON for programs. */
import { createLogUpdate } from 'log-update';
import { formatDataReport } from '../../data/format-report.ts';
import type { SearchEvent } from '../../search/events.ts';
import { styler, type Terminal } from '../terminal.ts';
import { plainLines } from './plain.ts';
import { renderProgress } from './render.ts';
import { advance, initialProgress } from './state.ts';

export interface Reporter {
  onEvent(event: SearchEvent): void;
  /** Leaves the terminal as it should be. */
  close(): void;
}

export function createReporter(terminal: Terminal, mode: { readonly json: boolean }): Reporter {
  if (mode.json) return jsonReporter(terminal);
  return terminal.stdout.isTTY === true ? liveReporter(terminal) : plainReporter(terminal);
}

function jsonReporter({ stdout }: Terminal): Reporter {
  return { onEvent: (event) => stdout.write(`${JSON.stringify(event)}\n`), close: () => undefined };
}

function plainReporter({ stdout, stderr }: Terminal): Reporter {
  const lines = plainLines(formatDataReport);
  return {
    onEvent(event) {
      const output = event.event === 'warning' || event.event === 'stopped' ? stderr : stdout;
      for (const line of lines(event)) output.write(`${line}\n`);
    },
    close: () => undefined,
  };
}

const REDRAW_MS = 120;

function liveReporter({ stdout }: Terminal): Reporter {
  const view = createLogUpdate(stdout as NodeJS.WriteStream, { showCursor: true });
  const style = styler(stdout);
  const lines = plainLines(formatDataReport);
  let state = initialProgress;
  const draw = (): void => view(renderProgress(state, Date.now(), stdout.columns ?? 80, style));
  const timer = setInterval(draw, REDRAW_MS);
  return {
    onEvent(event) {
      state = advance(state, event);
      // What stays on the screen is written above the live part.
      if (['data', 'plan', 'warning', 'stopped', 'tested', 'exported'].includes(event.event)) {
        view.clear();
        for (const line of lines(event)) stdout.write(`${line}\n`);
        draw();
      }
    },
    close() {
      clearInterval(timer);
      draw();
      view.done();
    },
  };
}
