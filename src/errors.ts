/**
 * Every error a user can meet, in one table: what happened, where, and the way out.
 *
 * A row is `CODE: { message, hint, exit }`; the message and hint are functions of the details. Throw with
 * `fail('CODE', details)`. Anything that is not an EspalierError is a bug of ours and is reported as such.
 */

/** Process exit codes, documented in the README. */
export const EXIT = {
  ok: 0,
  /** An error of ours, or one that nobody foresaw. */
  internal: 1,
  /** The command line or the configuration is wrong. */
  usage: 2,
  /** The data cannot be used. */
  data: 3,
  /** No network of the space can meet the bounds, or every trial failed. */
  infeasible: 4,
  /** The run's folder or database cannot be read or written. */
  storage: 5,
  /** Ended by Ctrl-C; the study can be resumed. */
  interrupted: 130,
} as const;

type Details = Readonly<Record<string, string | number>>;
interface ErrorRow {
  readonly message: (details: Details) => string;
  readonly hint: (details: Details) => string;
  readonly exit: number;
}

export const ERRORS = {
  // ---- general
  USAGE: { message: (d) => `${d.what}`, hint: (d) => `${d.hint}`, exit: EXIT.usage },
  // ---- network
  SHAPE: {
    message: (d) => `Layer "${d.layer}" (${d.operator}) cannot take its input: ${d.reason}`,
    hint: () => 'Change the layer or the one before it so that the shapes fit.',
    exit: EXIT.usage,
  },
  // ---- runtime
  MODEL_LOAD: {
    message: (d) => `ONNX Runtime cannot load the model: ${d.reason}`,
    hint: () => 'Check the file with `espalier inspect`; it may be damaged or use operators that this runtime lacks.',
    exit: EXIT.usage,
  },
  // ---- onnx and autodiff
  NO_GRADIENT: {
    message: (d) => `ONNX operator ${d.op} (node "${d.node}") has no gradient rule`,
    hint: () => 'Add a rule to src/autodiff/rules, or freeze the parameters before this node.',
    exit: EXIT.usage,
  },
} satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof ERRORS;

/** An error with a code from {@link ERRORS}, a message that says what and where, and a hint that says the way out. */
export class EspalierError extends Error {
  override readonly name = 'EspalierError';
  readonly code: ErrorCode;
  readonly hint: string;
  readonly exitCode: number;
  constructor(code: ErrorCode, details: Details, cause?: unknown) {
    const row: ErrorRow = ERRORS[code];
    super(row.message(details), cause === undefined ? undefined : { cause });
    this.code = code;
    this.hint = row.hint(details);
    this.exitCode = row.exit;
  }
}

/** Throws the error `code` of the table. `details` fill its message and hint. */
export function fail(code: ErrorCode, details: Details = {}, cause?: unknown): never {
  throw new EspalierError(code, details, cause);
}
