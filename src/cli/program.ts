/** The program: its commands in one table, and how every error reaches the user. */
import { Command, CommanderError, Help, type Option } from 'commander';
import { type ErrorCode, EspalierError, EXIT } from '../errors.ts';
import { VERSION } from '../version.ts';
import type { AddCommand } from './command.ts';
import { listenForInterrupt } from './interrupt.ts';
import { styler, type Terminal } from './terminal.ts';

/** In the order of `--help`. Each is loaded when it is needed: one command's code starts far sooner than all of it. */
const COMMANDS: Readonly<Record<string, () => Promise<AddCommand>>> = {
  search: async () => (await import('./commands/search.ts')).addSearch,
  quickstart: async () => (await import('./commands/quickstart.ts')).addQuickstart,
  resume: async () => (await import('./commands/resume.ts')).addResume,
  report: async () => (await import('./commands/report.ts')).addReport,
  pick: async () => (await import('./commands/pick.ts')).addPick,
  predict: async () => (await import('./commands/predict.ts')).addPredict,
  verify: async () => (await import('./commands/verify.ts')).addVerify,
  quantize: async () => (await import('./commands/quantize.ts')).addQuantize,
  inspect: async () => (await import('./commands/inspect.ts')).addInspect,
  data: async () => (await import('./commands/data.ts')).addData,
  spaces: async () => (await import('./commands/spaces.ts')).addSpaces,
  studies: async () => (await import('./commands/studies.ts')).addStudies,
  bench: async () => (await import('./commands/bench.ts')).addBench,
  device: async () => (await import('./commands/device.ts')).addDevice,
  doctor: async () => (await import('./commands/doctor.ts')).addDoctor,
};

/** After Ctrl-C these can be gone on with. */
const KEEPING: ReadonlySet<string> = new Set(['search', 'quickstart', 'resume']);

const EXIT_TEXTS = {
  ok: 'all went well',
  internal: 'an error of Espalier itself, or one that nobody foresaw',
  usage: 'the command line or the configuration is wrong',
  data: 'the data cannot be used',
  infeasible: 'no network of the space meets the bounds, or every trial failed',
  storage: "the run's folder or database cannot be read or written",
  disagrees: 'a model file is not what it says it is (`espalier verify`)',
  device: 'a device does not answer, or not sensibly',
  interrupted: 'ended by Ctrl-C; `espalier resume` goes on',
} satisfies Record<keyof typeof EXIT, string>;

const exitCodeHelp = (Object.keys(EXIT) as (keyof typeof EXIT)[])
  .map((name) => `  ${String(EXIT[name]).padStart(3)}  ${EXIT_TEXTS[name]}`)
  .join('\n');

/**
 * Runs the command line `args` (without node and script). Gives the exit code; never throws.
 * @param began when the program began, milliseconds since the epoch
 */
export async function runCli(
  args: readonly string[],
  terminal: Terminal,
  began = Date.now(),
): Promise<number> {
  const interrupt = listenForInterrupt(terminal, KEEPING.has(args[0] ?? ''));
  const json = args.includes('--json');
  let exitCode: number = EXIT.ok;
  /** What Commander wants to say of a mistake: printError has its own form, but for the help of a command without an action. */
  let said = '';
  const program = new Command('espalier')
    .description(
      'Searches for neural networks: from a folder of images to a trained, measured and exported model.',
    )
    .version(VERSION)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.stdout.write(text),
      writeErr: (text) => {
        said += text;
      },
      getOutHelpWidth: () => terminal.stdout.columns ?? 100,
    })
    .configureHelp({ sortSubcommands: false, optionDescription })
    .addHelpText('after', `\nExit codes:\n${exitCodeHelp}\n\nStart with: espalier quickstart`);
  for (const add of await commandsFor(args))
    add(program, { terminal, args, signal: interrupt.signal, began }, (code) => {
      exitCode = code;
    });
  try {
    if (args.length === 0) program.outputHelp();
    else await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    // Whatever was under way ends with the signal's reason.
    if (error === interrupt.signal.reason) {
      if (json) terminal.stdout.write(`${JSON.stringify({ event: 'stopped' })}\n`);
      return EXIT.interrupted;
    }
    // `espalier device` alone.
    if (error instanceof CommanderError && error.code === 'commander.help') {
      terminal.stderr.write(said);
      return EXIT.usage;
    }
    return printError(error, terminal, json);
  } finally {
    interrupt.release();
  }
}

/** An option that may be repeated begins with an empty list, which is nothing to tell. */
const optionDescription = (option: Option): string =>
  new Help().optionDescription(option).replace(' (default: [])', '');

/** The command that is named first, or all where help or an error has to list them. */
function commandsFor([first]: readonly string[]): Promise<AddCommand[]> {
  if (first === '--version' || first === '-V') return Promise.resolve([]);
  const named =
    first !== undefined && Object.hasOwn(COMMANDS, first) ? [COMMANDS[first]!] : Object.values(COMMANDS);
  return Promise.all(named.map((load) => load()));
}

/** @returns the exit code */
function printError(error: unknown, { stdout, stderr }: Terminal, json: boolean): number {
  const style = styler(stderr);
  const show = (code: ErrorCode | 'BUG', message: string, hint: string): void => {
    if (json) stdout.write(`${JSON.stringify({ event: 'error', code, message, hint })}\n`);
    stderr.write(`${style('red', 'error:')} ${message}\n  ${style('cyan', 'fix:')} ${hint}\n`);
  };
  if (error instanceof CommanderError) {
    // `--help` and `--version` end this way too.
    if (error.exitCode === 0) return EXIT.ok;
    const [message, suggestion] = error.message.replace(/^error: /, '').split('\n');
    const commands =
      error.code === 'commander.unknownCommand'
        ? `The commands are ${Object.keys(COMMANDS).join(', ')}.`
        : 'See `espalier --help`, or --help after the command.';
    show('USAGE', message!, suggestion?.replace(/^\(|\)$/g, '') ?? commands);
    return EXIT.usage;
  }
  if (error instanceof EspalierError) {
    show(error.code, error.message, error.hint);
    if (process.env.ESPALIER_DEBUG === '1') stderr.write(`${error.stack}\n`);
    return error.exitCode;
  }
  const message = error instanceof Error ? error.message : String(error);
  show(
    'BUG',
    `this is a bug in Espalier: ${message}`,
    'Run again with ESPALIER_DEBUG=1 for the stack trace, and report it with the command that you ran.',
  );
  if (process.env.ESPALIER_DEBUG === '1' && error instanceof Error) stderr.write(`${error.stack}\n`);
  return EXIT.internal;
}
