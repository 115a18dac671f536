/**
 * Every error a user can meet, in one table: what happened, where, and the way out.
 *
 * A row is `CODE: { message, hint, exit }`; the message and hint are functions of the details. Throw with
 * `fail('CODE', details)`. Anything that is not an EspalierError is a bug of ours and is reported as such.
 */

/** Exit codes of the command `espalier`, documented in the README. */
export const EXIT = {
  /** Done. */
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
  /** A model file is not what it says it is (`espalier verify`). */
  disagrees: 6,
  /** A device does not answer, or not sensibly. */
  device: 7,
  /** Ended by Ctrl-C; the study can be resumed. */
  interrupted: 130,
} as const;

/** What fills the message and hint of an error: names, paths, numbers. */
export type Details = Readonly<Record<string, string | number>>;
interface ErrorRow {
  readonly message: (details: Details) => string;
  readonly hint: (details: Details) => string;
  readonly exit: number;
}

/** All errors by code. */
export const ERRORS = {
  // ---- general
  USAGE: { message: (d) => `${d.what}`, hint: (d) => `${d.hint}`, exit: EXIT.usage },
  // ---- space
  SPACE: {
    message: (d) => `The search space is not well formed: ${d.reason}`,
    hint: () => 'Correct the choices given to defineSpace.',
    exit: EXIT.usage,
  },
  SPACE_NOT_COUNTABLE: {
    message: (d) => `The genomes of the space "${d.space}" cannot be ${d.what}: ${d.reason}`,
    hint: () => 'Sample from the space instead, or replace its float choices by oneOf.',
    exit: EXIT.usage,
  },
  GENOME: {
    message: (d) => `Not a genome of the space "${d.space}": ${d.path}: ${d.reason}`,
    hint: () => 'Correct the value at that path, or use the space that the genome was made for.',
    exit: EXIT.usage,
  },
  TRAINING: {
    message: (d) => `The space "${d.space}" asks for a training that cannot be: ${d.path}: ${d.reason}`,
    hint: (d) => `Correct what its function "training" returns for ${d.genome}.`,
    exit: EXIT.usage,
  },
  ARCH_STRING: {
    message: (d) => `"${d.text}" is not a NAS-Bench-201 architecture string: ${d.reason}`,
    hint: () =>
      'Write |op~0|+|op~0|op~1|+|op~0|op~1|op~2| with the operations none, skip_connect, nor_conv_1x1, nor_conv_3x3, avg_pool_3x3.',
    exit: EXIT.usage,
  },
  ARCHITECTURE: {
    message: (d) => `"${d.text}" is not an architecture of ${d.benchmark}: ${d.reason}`,
    hint: () =>
      'Correct that row of the table, or use the space that the table was made for (espalier spaces).',
    exit: EXIT.data,
  },
  UNCONNECTED: {
    message: (d) => `A cell with the edges ${d.edges} has no path from its input to its output`,
    hint: () => 'Searches skip such genomes; give it edges from 0 over other vertices to 6 to build it.',
    exit: EXIT.usage,
  },
  SPACE_BUILD: {
    message: (d) => `The space "${d.space}" does not build ${d.genome}: ${d.reason}`,
    hint: () =>
      'Correct the function "build" of the space: it returns what the "build" of a network builder returns, one output for each class.',
    exit: EXIT.usage,
  },
  // ---- search
  NOT_PICKED: {
    message: (d) => `Nothing to pick from ${d.run}: ${d.reason}`,
    hint: (d) => `${d.hint}`,
    exit: EXIT.infeasible,
  },
  // ---- benchmark
  TABLE: {
    message: (d) => `The table ${d.path} cannot be used: ${d.reason}`,
    hint: () =>
      'A table is a CSV file with a header and one row for each architecture (see `espalier bench table --help`).',
    exit: EXIT.data,
  },
  // ---- network
  SHAPE: {
    message: (d) => `Layer "${d.layer}" (${d.operator}) cannot take its input: ${d.reason}`,
    hint: () => 'Change the layer or the one before it so that the shapes fit.',
    exit: EXIT.usage,
  },
  // ---- storage
  STORAGE_MISSING: {
    message: (d) => `There is no study at ${d.path}`,
    hint: () => 'Give the folder of a run; `espalier studies` lists them.',
    exit: EXIT.storage,
  },
  STORAGE_LOCKED: {
    message: (d) => `Another process is working on the study ${d.path}`,
    hint: () => 'Wait until it has ended, or stop it; then try again.',
    exit: EXIT.storage,
  },
  STORAGE_FOREIGN: {
    message: (d) => `${d.path} is not a study of Espalier, or it is damaged`,
    hint: () => 'Choose another folder with --out; the file was left as it is.',
    exit: EXIT.storage,
  },
  STORAGE_VERSION: {
    message: (d) =>
      `${d.path} was written by a newer Espalier (format ${d.version}, this one knows up to ${d.known})`,
    hint: () => 'Update Espalier; the file was left as it is.',
    exit: EXIT.storage,
  },
  STORAGE: {
    message: (d) => `Cannot use ${d.path}: ${d.reason}`,
    hint: (d) => `${d.hint ?? 'Check that the disk is not full and that the folder may be written to.'}`,
    exit: EXIT.storage,
  },
  FILE_EXISTS: {
    message: (d) => `There is a file ${d.path} already`,
    hint: (d) => `${d.hint}`,
    exit: EXIT.usage,
  },
  // ---- search
  RUN_EXISTS: {
    message: (d) => `There is a run in ${d.path} already`,
    hint: (d) => `Go on with it: \`espalier resume ${d.path}\`, or choose another folder with --out.`,
    exit: EXIT.usage,
  },
  WARM_START: {
    message: (d) => `Cannot begin with ${d.from}: ${d.reason}`,
    hint: (d) => `${d.hint}`,
    exit: EXIT.usage,
  },
  NO_TRIAL: {
    message: (d) =>
      `${d.trials === 1 ? 'The one trial was not' : `None of the ${d.trials} trials was`} complete within the bounds. ${d.reasons}`,
    hint: (d) => `${d.hint}`,
    exit: EXIT.infeasible,
  },
  FINAL_FAILED: {
    message: (d) => `The final training failed: ${d.reason}`,
    hint: () => 'The trials are kept: lower the learning rate or the batch size and resume the run.',
    exit: EXIT.internal,
  },
  RUN_WITHOUT_DATA: {
    message: (d) => `There is nothing to report of ${d.path}: the run ended before its data was read`,
    hint: (d) => `Go on with it: \`espalier resume ${d.path}\`.`,
    exit: EXIT.storage,
  },
  // ---- study
  STUDY_CHANGED: {
    message: (d) => `The study was begun with ${d.name} = ${d.former}, not ${d.now}`,
    hint: () => 'Open it as it was begun, or begin a new study in another file.',
    exit: EXIT.usage,
  },
  INFEASIBLE: {
    message: (d) => `No network of the space "${d.space}" was found that keeps ${d.bounds}`,
    hint: (d) => `The nearest that was found has ${d.nearest}. Loosen the bound, or choose another space.`,
    exit: EXIT.infeasible,
  },
  UNBUILDABLE: {
    message: (d) => `No network of the space "${d.space}" can be built for images of ${d.size}: ${d.reason}`,
    hint: () => 'Correct the space, take another, or give images of another size (--image-size).',
    exit: EXIT.infeasible,
  },
  NOTHING_NEW: {
    message: (d) => `Every network of the space "${d.space}" was tried by the runs that this one learns from`,
    hint: () => 'Search another space, or leave out --warm-from.',
    exit: EXIT.infeasible,
  },
  // ---- train
  SAFETENSORS: {
    message: (d) => `${d.path} is not a whole safetensors file: ${d.reason}`,
    hint: () => 'Delete the file; what it held is made again.',
    exit: EXIT.storage,
  },
  DIVERGED: {
    message: (d) => `Training diverged: ${d.what} at step ${d.step} (epoch ${d.epoch}), ${d.where}`,
    hint: (d) => `${d.hint}`,
    exit: EXIT.internal,
  },
  BATCH_TOO_LARGE: {
    message: (d) => `The training split has ${d.images} images, fewer than one batch of ${d.batch}`,
    hint: () => 'Lower the batch size or use a larger share of the data.',
    exit: EXIT.data,
  },
  // ---- runtime
  MODEL_LOAD: {
    message: (d) => `ONNX Runtime cannot load the model: ${d.reason}`,
    hint: () =>
      'Check the file with `espalier inspect`; it may be damaged or use operators that this runtime lacks.',
    exit: EXIT.usage,
  },
  MODEL_INPUT: {
    message: (d) => `The model cannot be fed: ${d.reason}`,
    hint: (d) => `${d.hint}`,
    exit: EXIT.usage,
  },
  // ---- devices
  DEVICE_UNREACHABLE: {
    message: (d) => `The device ${d.device} does not answer: ${d.reason}`,
    hint: () =>
      'Start `espalier device serve` there, or open the link of `espalier device page` in its browser; check the address.',
    exit: EXIT.device,
  },
  DEVICE_ANSWER: {
    message: (d) => `The device ${d.device} gives no usable answer: ${d.reason}`,
    hint: () => 'Check that an Espalier of this version answers at that address, and start it again.',
    exit: EXIT.device,
  },
  DEVICE_REFUSED: {
    message: (d) => `The device ${d.device} does not measure this: ${d.reason}`,
    hint: (d) => `${d.hint}`,
    exit: EXIT.device,
  },
  DEVICE_MODEL: {
    message: (d) => `The model does not run on the device ${d.device}: ${d.reason}`,
    hint: (d) => `${d.hint}`,
    exit: EXIT.usage,
  },
  CALIBRATION_CUT: {
    message: (d) => `The calibration ended early: ${d.reason}`,
    hint: (d) =>
      `${d.path} holds what was timed until then, and can be used (${d.held}). For a better one calibrate again when the device is back, with --overwrite.`,
    exit: EXIT.device,
  },
  NOT_PREDICTABLE: {
    message: (d) => `The latency of the model cannot be predicted: ${d.reason}`,
    hint: (d) => `${d.hint}`,
    exit: EXIT.usage,
  },
  DEVICE_LOST: {
    message: (d) => `The search has stopped, since a device is lost: ${d.reason}`,
    hint: (d) =>
      `What is finished is kept. When the device is back: \`espalier resume ${d.run}\`, with --device NAME=ADDRESS if its address has changed.`,
    exit: EXIT.device,
  },
  DEVICE_SERVE: {
    message: (d) => `Cannot serve on ${d.where}: ${d.reason}`,
    hint: (d) => `${d.hint}`,
    exit: EXIT.usage,
  },
  // ---- onnx and autodiff
  ONNX_READ: {
    message: (d) => `Cannot read ${d.path} as ONNX: ${d.reason}`,
    hint: (d) =>
      `${d.hint ?? 'Keep files of weights beside the model, or export it again, with its weights inside and without control flow.'}`,
    exit: EXIT.data,
  },
  MODEL_MISSING: {
    message: (d) => `There is no model file ${d.path}`,
    hint: () => "Check the path; a search writes model.onnx into its run's folder (`espalier studies`).",
    exit: EXIT.data,
  },
  OPERATOR: {
    message: (d) => `The ONNX operator ${d.op} (node "${d.node}") is not handled`,
    hint: () =>
      'docs/operators.md lists those that are: export the model in those, or cut it before that node and train the rest.',
    exit: EXIT.usage,
  },
  NO_GRADIENT: {
    message: (d) => `ONNX operator ${d.op} (node "${d.node}") has no gradient rule`,
    hint: () => 'Add a rule to src/autodiff/rules, or freeze the parameters before this node.',
    exit: EXIT.usage,
  },
  NO_PARAMETERS: {
    message: (d) => `Nothing in the model "${d.model}" trains: it has no float weights that are not frozen`,
    hint: () => 'Let the option `trainable` accept at least one initialiser that a layer uses.',
    exit: EXIT.usage,
  },
  // ---- quantisation
  NOT_QUANTISABLE: {
    message: (d) => `The model cannot be quantised: ${d.reason}`,
    hint: () =>
      'Give a float ONNX model with convolutions or linear layers and some images; export it with operator set 13 or later.',
    exit: EXIT.usage,
  },
  MODEL_LABELS: {
    message: (d) => `The classes of ${d.path} are not those of the data: ${d.reason}`,
    hint: () => "Give --labels a file with the model's labels, one a line in the order of its outputs.",
    exit: EXIT.usage,
  },
  CALIBRATION: {
    message: (d) => `The float model gives a value that is not a number, in "${d.value}"`,
    hint: () =>
      'Check the model and the preprocessing with `espalier predict`; it does not work in float either.',
    exit: EXIT.data,
  },
  // ---- search, config and cli
  QUANTITY: {
    message: (d) => `"${d.text}" is not ${d.what}`,
    hint: (d) => `Write for example ${d.example}.`,
    exit: EXIT.usage,
  },
  MODEL_METADATA: {
    message: (d) => `${d.path} does not say how it wants its images: ${d.reason}`,
    hint: () =>
      'Use a model that `espalier search` or `espalier quantize` wrote; only those carry their labels and preprocessing.',
    exit: EXIT.usage,
  },
  CONFIG: {
    message: (d) => `${d.where}: ${d.reason}`,
    hint: (d) => `${d.hint}`,
    exit: EXIT.usage,
  },
  MODULE_LOAD: {
    message: (d) => `Cannot load ${d.path}: ${d.reason}`,
    hint: (d) => `${d.hint ?? 'Correct the module at that path; it must load by itself with `npx tsx`.'}`,
    exit: EXIT.usage,
  },
  SPACE_UNKNOWN: {
    message: (d) => `There is no search space "${d.name}": ${d.reason}`,
    hint: (d) =>
      `${d.meant} Use ${d.known}, or the path of a module whose default export, or export "space", was made with defineSpace.`.trim(),
    exit: EXIT.usage,
  },
  // ---- data
  IMAGE_LIBRARY: {
    message: (d) => `The image library sharp cannot be loaded: ${d.reason}`,
    hint: () => 'Run `npm ci` again on this machine; sharp brings a binary for each platform.',
    exit: EXIT.internal,
  },
  DATA_NOT_FOUND: {
    message: (d) => `There is no data at ${d.path}: ${d.reason}`,
    hint: () =>
      'Check the path; give a folder of class folders, or a file or folder of IDX, .npz, .npy or CIFAR data.',
    exit: EXIT.data,
  },
  DATA_FORMAT: {
    message: (d) => `The data at ${d.path} is of no known format: ${d.reason}`,
    hint: (d) => `${d.hint}`,
    exit: EXIT.data,
  },
  DATA_CORRUPT: {
    message: (d) => `${d.file} cannot be used: ${d.reason}`,
    hint: () => 'Fetch or export the file again.',
    exit: EXIT.data,
  },
  DATA_EMPTY: {
    message: (d) => `There are no usable images in ${d.path}: ${d.reason}`,
    hint: () => 'Put the images of each class into a folder of its own (jpg, png, webp, gif, bmp or tiff).',
    exit: EXIT.data,
  },
  DATA_ACCESS: {
    message: (d) => `Cannot read the folder ${d.path}: ${d.reason}`,
    hint: () => 'Change its permissions, or take it out of the data.',
    exit: EXIT.data,
  },
  DATA_TOO_FEW: {
    message: (d) => `${d.path} has too few images to search on: ${d.reason}`,
    hint: () => 'Add images: every class needs some for training and some for validation.',
    exit: EXIT.data,
  },
  DATA_ONE_CLASS: {
    message: (d) => `${d.path} has images of only one class, "${d.class}": there is nothing to tell apart`,
    hint: () => 'Give at least two class folders, or the folder above this one.',
    exit: EXIT.data,
  },
  DATA_CHANGED: {
    message: (d) => `The images at ${d.path} are not those that the run was begun with`,
    hint: () =>
      'Put the images back as they were, or begin another run: trials on other images do not compare.',
    exit: EXIT.data,
  },
  DATA_CACHE: {
    message: (d) => `The data-set cache ${d.path} cannot be used: ${d.reason}`,
    hint: () => 'Delete the file and start again; it is made anew from the images.',
    exit: EXIT.storage,
  },
  DATA_CACHE_WRITE: {
    message: (d) => `The data-set cache ${d.path} cannot be written: ${d.reason}`,
    hint: () =>
      'Check that the disk has room and that the folder may be written, or choose another with --out.',
    exit: EXIT.storage,
  },
} satisfies Record<string, ErrorRow>;

/** A row of {@link ERRORS}: what `@throws` in a docstring names. */
export type ErrorCode = keyof typeof ERRORS;

/** On every error of Espalier, whichever copy of the module made it. */
const BRAND: unique symbol = Symbol.for('espalier.error');

/**
 * Every error that a user can meet: a code, a message that says what and where, and a hint that says the way out.
 * Others are mistakes of Espalier's own, or of what it runs on.
 *
 * `instanceof` holds for those of other copies of this module too: a user's space that imports Espalier may load a copy of
 * its own, and "this layer does not fit" must mean the same from there.
 */
export class EspalierError extends Error {
  readonly [BRAND] = true;
  override readonly name = 'EspalierError';
  /** What programs can tell errors by; the `@throws` of docstrings name it. */
  readonly code: ErrorCode;
  /** What fills the message and hint. */
  readonly details: Details;
  /** The way out, a sentence or two. */
  readonly hint: string;
  /** What the command line ends with: one of `EXIT`. */
  readonly exitCode: number;
  constructor(code: ErrorCode, details: Details, cause?: unknown) {
    const row: ErrorRow = ERRORS[code];
    super(row.message(details), cause === undefined ? undefined : { cause });
    this.code = code;
    this.details = details;
    this.hint = row.hint(details);
    this.exitCode = row.exit;
  }

  /** Whether `value` is an error of Espalier, whichever copy of the module made it. */
  static override [Symbol.hasInstance](value: unknown): value is EspalierError {
    return typeof value === 'object' && value !== null && BRAND in value;
  }
}

/** Throws the error `code` of the table. `details` fill its message and hint. */
export function fail(code: ErrorCode, details: Details = {}, cause?: unknown): never {
  throw new EspalierError(code, details, cause);
}
