/**
 * What a search does, as plain JSON with every default filled in: it is stored with the run, so that `resume` needs
 * nothing else. The command line and the configuration file both end here (see config/fields.ts for their names).
 */
import { z } from 'zod';
import { deviceOf } from '../device/remote/measure-name.ts';
import { PROXY_NAMES } from '../estimation/proxies/names.ts';
import { AugmentationParts } from '../space/training-choices.ts';
import { judgedObjectives, objectivesProblem } from './objectives.ts';
import { HERE } from './quantity.ts';

const positive = z.number().positive();
const wholePositive = z.number().int().positive();
const share = z.number().gt(0).max(1);

/** Names stand in those of measures, `latencyMs@phone`, and in lists of flags. */
const deviceName = z
  .string()
  .regex(/^[A-Za-z][\w-]{0,31}$/, 'a device is named with up to 32 letters, digits, _ and -, a letter first');

const objective = z.strictObject({
  /** A measure's name, e.g. `valAccuracy`, `latencyMs`, `params`, `macs`, `memoryBytes`. */
  measure: z.string().min(1),
  /** Which way is better. */
  direction: z.enum(['maximise', 'minimise']),
});

/** For suggestions. */
export const AUGMENTATION_NAMES: readonly string[] = Object.keys(AugmentationParts.shape);

const Options = z.strictObject({
  /** Folder or file of the images, or `drawn` for the built-in data. */
  data: z.string().min(1),
  /** The run's folder. */
  out: z.string().min(1),
  /** Name of a preset, or path of a module that exports a search space (see load-space.ts). */
  space: z.string().min(1).default('residual'),
  /** A name in `STRATEGIES`, or path of a module that exports a strategy (see find-strategy.ts). */
  strategy: z.string().min(1).default('auto'),
  /** File with genomes to try first (see start-genomes.ts); null: none. */
  startWith: z.string().min(1).nullable().default(null),
  /** Folders of earlier runs of the same space, whose trials the strategy learns from. */
  warmFrom: z.array(z.string().min(1)).default([]),
  /** Zero-cost proxies (`PROXIES`) that the strategy may use. */
  proxies: z.array(z.enum(PROXY_NAMES)).default([]),
  /** Rule by which a trial is stopped while it trains: `median`, `percentile:25`, `curve`; null: none. */
  stop: z.string().min(1).nullable().default(null),
  /**
   * Most trials; null: as many as the time allows, or without a time limit 20, more of them where the strategy begins
   * with cheap ones.
   */
  trials: wholePositive.nullable().default(null),
  /** Wall-clock limit of the whole search, seconds, final training and test included; null: none. */
  timeSeconds: positive.nullable().default(null),
  /**
   * Epochs of a trial's partial training; null: chosen from the budget, or without a time limit about 60,000 images,
   * 2 to 20 epochs.
   */
  epochs: wholePositive.nullable().default(null),
  /**
   * Epochs of the final training; null: as many as the time allows, or without a time limit five times those of a
   * trial, at least 10.
   */
  finalEpochs: wholePositive.nullable().default(null),
  /** Share of the training images that a trial sees, 0 < share ≤ 1; null: all, or less where the time is short. */
  dataShare: share.nullable().default(null),
  /** Share of the images' side that a trial sees, 0 < share ≤ 1; null: all of it. */
  resolution: share.nullable().default(null),
  /** Trials at once; null: one for each usable core, divided by `threads`. */
  workers: wholePositive.nullable().default(null),
  /** Threads of each trial. */
  threads: wholePositive.default(1),
  /** Where trials run: processes of their own survive any crash; `in-process` is for tests and debugging. */
  executor: z.enum(['child-process', 'in-process']).default('child-process'),
  /** Decides over everything random. */
  seed: z.union([z.number().int(), z.string().min(1)]).default(1),
  /** What is to be reached; the first decides which network is exported. Accuracy by default. */
  objectives: z
    .array(objective)
    .min(1)
    .default([{ measure: 'valAccuracy', direction: 'maximise' }]),
  /** Most weights of the network as it is deployed; null: no bound, as of those below. */
  maxParams: positive.nullable().default(null),
  /** Most multiply-accumulates of one image, as it is deployed. */
  maxMacs: positive.nullable().default(null),
  /** Peak activation memory of one image in bytes. */
  maxMemoryBytes: positive.nullable().default(null),
  /**
   * Median of one image on this machine, milliseconds, `latencyThreads` threads; or by device, this machine being
   * `here`.
   */
  maxLatencyMs: z
    .union([positive, z.record(deviceName, positive)])
    .nullable()
    .default(null),
  /** Of the exported file; in 8 bits with `int8`. */
  maxSizeBytes: positive.nullable().default(null),
  /** Resident memory, bytes, that loading and running the model takes; or by device, this machine being `here`. */
  maxPeakMemoryBytes: z
    .union([positive, z.record(deviceName, positive)])
    .nullable()
    .default(null),
  /** Other devices that latency is measured on: their addresses (device/remote/address.ts), by their names. */
  devices: z.record(deviceName, z.string().min(1)).default({}),
  /** Seconds that a trial waits for a device that does not answer. */
  devicePatienceSeconds: positive.default(600),
  /** Threads of latency measurements on this machine. */
  latencyThreads: wholePositive.default(1),
  /** Members of the Pareto front to train fully; null: 3 with several objectives, otherwise the best alone. */
  front: wholePositive.nullable().default(null),
  /** Judge candidates by what they are in 8 bits (accuracy and latency), and export the winner in 8 bits too. */
  int8: z.boolean().default(false),
  /** Percentage points of validation accuracy that an exported network may lose in 8 bits; null: no bound. */
  maxDropPoints: z.number().min(0).max(100).nullable().default(null),
  /** Images in a step; null: chosen to suit the data. */
  batchSize: wholePositive.nullable().default(null),
  /** Peak of the schedule; null: by the batch and the optimiser. */
  learningRate: positive.nullable().default(null),
  /** Side of the square that images are resized to, 8..512 pixels; null: chosen to suit the data. */
  imageSize: z.number().int().min(8).max(512).nullable().default(null),
  /** Read images as grey or RGB; null: as they are. */
  channels: z
    .union([z.literal(1), z.literal(3)])
    .nullable()
    .default(null),
  /** Mirror images in training; null: horizontally where the data show that it is harmless. */
  flips: z.enum(['none', 'horizontal', 'vertical', 'both']).nullable().default(null),
  /** Parts of the augmentation given by hand; the others are chosen to suit the data. */
  augmentation: AugmentationParts.default({}),
  /**
   * A trial that takes more seconds is stopped and counts as failed; null: several times what is planned for it, or
   * without a time limit twenty times what is predicted, at least 600.
   */
  trialTimeoutSeconds: positive.nullable().default(null),
  /** Most resident memory, bytes, of a trial's process; null: most of what the machine has, divided by the workers. */
  trialMemoryBytes: positive.nullable().default(null),
});

/** A bound here and those on other devices. */
function parted(bound: number | Readonly<Record<string, number>> | null): {
  readonly here: number | null;
  readonly elsewhere: Readonly<Record<string, number>>;
} {
  if (typeof bound === 'number' || bound === null) return { here: bound, elsewhere: {} };
  const { [HERE]: here = null, ...elsewhere } = bound;
  return { here, elsewhere };
}

/**
 * The schema that checks and completes options: `SearchOptions.parse({ data, out })`, which throws zod's error with
 * the path of what is wrong. With `int8`, accuracy, latency and size among the objectives are those in 8 bits, unless
 * both are there. Bounds by device are parted into the one for this machine and those for the others.
 */
export const SearchOptions = Options.superRefine(({ objectives, int8, maxDropPoints }, context) => {
  const issue = (path: string, message: string): void =>
    context.addIssue({ code: 'custom', path: [path], message });
  const problem = objectivesProblem(objectives, int8);
  if (problem !== null) issue('objectives', problem);
  if (maxDropPoints !== null && !int8) issue('maxDropPoints', 'there is nothing to lose without --int8');
})
  .transform((options) => {
    const latency = parted(options.maxLatencyMs);
    const memory = parted(options.maxPeakMemoryBytes);
    return {
      ...options,
      /** The bound on this machine; null: none. */
      maxLatencyMs: latency.here,
      /** The bounds on other devices, by their names. */
      maxDeviceLatencyMs: latency.elsewhere,
      /** The bound on this machine; null: none. */
      maxPeakMemoryBytes: memory.here,
      /** The bounds on other devices, by their names. */
      maxDevicePeakMemoryBytes: memory.elsewhere,
      /** Those that the search goes by: in 8 bits with `int8`. */
      objectives: judgedObjectives(options.objectives, options.int8),
    };
  })
  .superRefine(({ devices, objectives, maxDeviceLatencyMs, maxDevicePeakMemoryBytes }, context) => {
    const known = Object.keys(devices);
    const unknown = (device: string): string =>
      `there is no device "${device}"; ${known.length === 0 ? 'name it with --device' : `the devices are ${known.join(', ')}`}`;
    const issue = (path: string, message: string): void =>
      context.addIssue({ code: 'custom', path: [path], message });
    if (known.includes(HERE)) issue('devices', `"${HERE}" is this machine; choose another name`);
    for (const { measure } of objectives) {
      const { device } = deviceOf(measure);
      if (device !== null && !known.includes(device)) issue('objectives', unknown(device));
    }
    for (const device of Object.keys(maxDeviceLatencyMs))
      if (!known.includes(device)) issue('maxLatencyMs', unknown(device));
    for (const device of Object.keys(maxDevicePeakMemoryBytes))
      if (!known.includes(device)) issue('maxPeakMemoryBytes', unknown(device));
  });

/** All options, defaults filled in. */
export type SearchOptions = z.output<typeof SearchOptions>;
/** What must be given: `data` and `out`; all else has a default. */
export type SearchOptionsInput = z.input<typeof SearchOptions>;
