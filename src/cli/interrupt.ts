/** Ctrl-C: once finishes cleanly, twice stops at once. */
import { EXIT } from '../errors.ts';
import type { Terminal } from './terminal.ts';

/**
 * Aborted by the first SIGINT or SIGTERM; the second ends the process. Call `release` when the command is done.
 * @param keeps whether what is finished by then is kept
 */
export function listenForInterrupt(
  terminal: Terminal,
  keeps: boolean,
): { readonly signal: AbortSignal; release(): void } {
  const controller = new AbortController();
  const onSignal = (): void => {
    if (controller.signal.aborted) process.exit(EXIT.interrupted);
    controller.abort(new Error('interrupted'));
    terminal.stderr.write(
      `\nStopping${keeps ? ': what is finished is kept' : ''}. Press Ctrl-C again to stop at once.\n`,
    );
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return {
    signal: controller.signal,
    release() {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    },
  };
}
