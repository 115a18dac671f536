/** A command of the program: one file in commands/, one row in the table of program.ts. */
import type { Command } from 'commander';
import type { Terminal } from './terminal.ts';

export interface CliContext {
  readonly terminal: Terminal;
  /** The command line, without node and script. */
  readonly args: readonly string[];
  /** Aborted by the first Ctrl-C; the second ends the process. */
  readonly signal: AbortSignal;
  /** When the program began (milliseconds since the epoch): a time limit counts from there. */
  readonly began: number;
}

/**
 * Adds a command to the program. An action may set `process.exitCode`-like results by returning an exit code through
 * `finish`.
 */
export type AddCommand = (program: Command, context: CliContext, finish: (exitCode: number) => void) => void;

/** Of every command that writes a file of a name: one that is there is else left as it is. */
export const OVERWRITE = ['--overwrite', 'replace that file where it is there already'] as const;

/** Examples at the end of `--help`. */
export const examples = (...lines: readonly string[]): string =>
  `\nExamples:\n${lines.map((line) => `  $ espalier ${line}`).join('\n')}`;
