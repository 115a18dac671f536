/** What a command may use of the outside: where it writes, and how Ctrl-C reaches it. */
import { styleText } from 'node:util';

export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

export interface Terminal {
  /** Results. */
  readonly stdout: Output;
  /** Errors, warnings and, with `--json`, everything for people. */
  readonly stderr: Output;
}

export const print = (terminal: Terminal, ...lines: readonly string[]): void => {
  for (const line of lines) terminal.stdout.write(`${line}\n`);
};

type Style = Parameters<typeof styleText>[0];

/** Styles text when `output` is a terminal that shows colours. */
export const styler =
  (output: Output) =>
  (style: Style, text: string): string =>
    output.isTTY === true && process.env.NO_COLOR === undefined && process.env.TERM !== 'dumb'
      ? styleText(style, text, { validateStream: false })
      : text;

/** One line on the terminal of errors that is written over and over; nothing where that is no terminal. */
export function statusLine({ stderr }: Terminal): { show(text: string): void; clear(): void } {
  const write = (text: string): void => void (stderr.isTTY === true && stderr.write(`\r\x1b[K${text}`));
  return { show: write, clear: () => write('') };
}
