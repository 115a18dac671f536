/**
 * Every option of a search by the name that people write: the flags of the command line and the keys of the
 * configuration file are made from this one table, so that each can do what the other can.
 */
import { resolve } from 'node:path';
import { isCalibrationPath } from '../device/predict/calibrated-device.ts';
import { parseDeviceAddress, withoutToken } from '../device/remote/address.ts';
import { fail } from '../errors.ts';
import { PROXY_NAMES } from '../estimation/proxies/names.ts';
import { parseStoppingRule, STOPPING_RULES } from '../estimation/stopping/index.ts';
import { AUGMENTATION_NAMES, type SearchOptions } from '../search/options.ts';
import { parseBytes, parseCount, parseDuration, parseLatencies, parseMemories } from '../search/quantity.ts';
import { STRATEGIES } from '../strategy/index.ts';
import { measureInfo } from '../study/measure.ts';

export interface Field {
  readonly key: keyof SearchOptions;
  /** Placeholder in `--help`; null for a flag without a value, which means true. */
  readonly value: string | null;
  readonly text: string;
  /** Heading in `--help`. */
  readonly group: 'Search' | 'Bounds' | 'Training' | 'Data' | 'Machine';
  /** May be given several times: the texts are joined by commas. */
  readonly repeats?: true;
  /** What a text means; other values of a configuration file go through {@link fromConfig}. */
  readonly parse: (text: string) => unknown;
}

const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * What a value of a configuration file means. Lists and maps may hold texts as flags do: `maxLatency: { phone: 2ms }`,
 * `objectives: [valAccuracy, latencyMs: min]`. Numbers and whatever cannot be understood stay as they are for the schema.
 * @param at tells which part the error of a text belongs to: `[1]`, `['phone']`
 * @throws what the field's `parse` throws
 */
export function fromConfig(
  field: Field,
  value: unknown,
  at: (path: readonly PropertyKey[]) => void,
): unknown {
  if (typeof value === 'string') return field.parse(value);
  if (field.key === 'objectives') {
    const parts = Array.isArray(value) ? value : isMap(value) && !('measure' in value) ? [value] : null;
    return parts === null ? value : parts.flatMap((part, i) => objectivesOf(part, () => at([i])));
  }
  const takesMap = field.repeats === true || field.key === 'augmentation';
  if (takesMap && isMap(value))
    return Object.assign(
      {},
      ...Object.entries(value).map(([name, part]) => {
        at([name]);
        return typeof part === 'string' ? field.parse(`${name}=${part}`) : { [name]: part };
      }),
    );
  if (takesMap && Array.isArray(value) && value.every((part) => typeof part === 'string'))
    return field.parse(value.join(','));
  return value;
}

/** `latencyMs`, `{ latencyMs: min }` or `{ measure: latencyMs, direction: minimise }`; others as they are. */
function objectivesOf(part: unknown, begin: () => void): readonly unknown[] {
  begin();
  if (typeof part === 'string') return objectives(part);
  if (!isMap(part)) return [part];
  if (typeof part.measure === 'string')
    return objectives(
      [part.measure, ...(typeof part.direction === 'string' ? [part.direction] : [])].join(':'),
    );
  return Object.entries(part).flatMap(([measure, direction]) =>
    typeof direction === 'string' ? objectives(`${measure}:${direction}`) : [{ measure, direction }],
  );
}

const asIs = (text: string): string => text;
/** Texts that are no numbers stay texts, so that the schema names what it got. */
const number = (text: string): unknown =>
  text.trim() === '' || Number.isNaN(Number(text)) ? text : Number(text);

const list = (text: string): readonly string[] => text.split(',').map((part) => part.trim());

/** Short names of the directions. */
const DIRECTIONS: Readonly<Record<string, string>> = { max: 'maximise', min: 'minimise' };

/** `valAccuracy,latencyMs` or with a direction, `valLoss:minimise`, `valLoss:min`. */
const objectives = (text: string): readonly unknown[] =>
  text.split(',').map((part) => {
    const [measure = '', direction] = part.trim().split(':');
    const better = measureInfo(measure).better === 'higher' ? 'maximise' : 'minimise';
    return { measure, direction: direction === undefined ? better : (DIRECTIONS[direction] ?? direction) };
  });

/** `shift=4,cutout=8,flip=no`. */
const augmentation = (text: string): unknown =>
  Object.fromEntries(
    text.split(',').map((part) => {
      const [name, value = 'yes'] = part.trim().split('=');
      return [name!, value === 'yes' ? true : value === 'no' ? false : number(value)];
    }),
  );

/** `phone=http://…,board=http://…`. A comma cannot stand in an address as Espalier prints it. */
const devices = (text: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    text.split(',').map((part) => {
      const [, name, address] = /^\s*([^=]*)=(.+)$/.exec(part) ?? [];
      if (name === undefined || address === undefined)
        return fail('USAGE', {
          what: `"${withoutToken(part)}" is not a device with its address`,
          hint: 'Write for example phone=http://127.0.0.1:8377/#TOKEN, or board=calibration.json.',
        });
      // Calibrations are read from wherever the run is resumed.
      if (isCalibrationPath(address)) return [name, resolve(address)];
      parseDeviceAddress(address);
      return [name, address];
    }),
  );

const stoppingRule = (text: string): string => {
  parseStoppingRule(text);
  return text;
};

export const FIELDS = {
  out: {
    key: 'out',
    value: 'dir',
    text: "the run's folder (runs/NAME of the data)",
    group: 'Search',
    parse: asIs,
  },
  trials: {
    key: 'trials',
    value: 'n',
    text: 'most trials (20, or as many as suit --time)',
    group: 'Search',
    parse: number,
  },
  time: {
    key: 'timeSeconds',
    value: 'duration',
    text: 'limit of the whole search, final training and test included: 90s, 10m, 1h',
    group: 'Search',
    parse: parseDuration,
  },
  strategy: {
    key: 'strategy',
    value: 'name',
    text: `how genomes are proposed (auto): ${Object.keys(STRATEGIES).join(', ')}, or a module of yours`,
    group: 'Search',
    parse: asIs,
  },
  stop: {
    key: 'stop',
    value: 'rule',
    text: `stop a trial early: ${Object.values(STOPPING_RULES)
      .map(({ name, description }) => `${name} ${description}`)
      .join('; ')}`,
    group: 'Search',
    parse: stoppingRule,
  },
  proxy: {
    key: 'proxies',
    value: 'list',
    text: `cheap scores of untrained networks that the strategy begins with: ${PROXY_NAMES.join(', ')}`,
    group: 'Search',
    parse: list,
    repeats: true,
  },
  startWith: {
    key: 'startWith',
    value: 'file',
    text: "try these networks first: a JSON file with genomes, a run's trials.json or network.json, or a model.onnx",
    group: 'Search',
    parse: asIs,
  },
  warmFrom: {
    key: 'warmFrom',
    value: 'run',
    text: "an earlier run's folder: its trials are learnt from and not repeated (may be repeated)",
    group: 'Search',
    parse: list,
    repeats: true,
  },
  space: {
    key: 'space',
    value: 'name',
    text: 'what may be built: a name of `espalier spaces`, or a module of yours (residual)',
    group: 'Search',
    parse: asIs,
  },
  seed: {
    key: 'seed',
    value: 'seed',
    text: 'a number or a word; equal seeds give equal searches (1)',
    group: 'Search',
    parse: number,
  },
  objectives: {
    key: 'objectives',
    value: 'list',
    text: 'measures to optimise (valAccuracy), e.g. valAccuracy,latencyMs or valAccuracy:max,params:min; several give a Pareto front; with --int8 those in 8 bits, or both: valAccuracy,int8ValAccuracy',
    group: 'Search',
    parse: objectives,
  },
  front: {
    key: 'front',
    value: 'n',
    text: 'members of the Pareto front to train fully (3 with several objectives, otherwise 1)',
    group: 'Search',
    parse: number,
  },
  int8: {
    key: 'int8',
    value: null,
    text: 'judge networks by their accuracy, latency and size in 8 bits, and export them so too',
    group: 'Search',
    parse: asIs,
  },
  maxDrop: {
    key: 'maxDropPoints',
    value: 'points',
    text: 'with --int8: percentage points of validation accuracy that may be lost in 8 bits; layers stay in float for it',
    group: 'Bounds',
    parse: number,
  },
  maxParams: {
    key: 'maxParams',
    value: 'n',
    text: 'most weights: 250k, 2M',
    group: 'Bounds',
    parse: parseCount,
  },
  maxMacs: {
    key: 'maxMacs',
    value: 'n',
    text: 'most multiply-accumulates of an image: 50M',
    group: 'Bounds',
    parse: parseCount,
  },
  maxMemory: {
    key: 'maxMemoryBytes',
    value: 'size',
    text: 'most memory for activations of an image: 512KB, 2MB',
    group: 'Bounds',
    parse: parseBytes,
  },
  maxLatency: {
    key: 'maxLatencyMs',
    value: 'time',
    text: 'most time for an image: 2ms, 500us; on other devices phone=5ms (may be repeated)',
    group: 'Bounds',
    parse: parseLatencies,
    repeats: true,
  },
  maxSize: {
    key: 'maxSizeBytes',
    value: 'size',
    text: 'most bytes of the model file, that in 8 bits with --int8: 500k, 2M',
    group: 'Bounds',
    parse: parseBytes,
  },
  maxPeakMemory: {
    key: 'maxPeakMemoryBytes',
    value: 'size',
    text: 'most memory that loading and running the model takes, measured: 20MB; on other devices board=16MB (may be repeated)',
    group: 'Bounds',
    parse: parseMemories,
    repeats: true,
  },
  latencyThreads: {
    key: 'latencyThreads',
    value: 'n',
    text: 'threads that latency is measured with (1)',
    group: 'Bounds',
    parse: number,
  },
  epochs: {
    key: 'epochs',
    value: 'n',
    text: 'epochs of each trial (2 to 20, fewer for more images)',
    group: 'Training',
    parse: number,
  },
  finalEpochs: {
    key: 'finalEpochs',
    value: 'n',
    text: 'epochs of the final training (5 times those of a trial, 10 at least; with --time what fits)',
    group: 'Training',
    parse: number,
  },
  dataShare: {
    key: 'dataShare',
    value: 'share',
    text: 'share of the training images in a trial, 0 to 1 (1; with --time what fits)',
    group: 'Training',
    parse: number,
  },
  resolution: {
    key: 'resolution',
    value: 'share',
    text: "share of the images' side in a trial, 0 to 1 (1)",
    group: 'Training',
    parse: number,
  },
  batchSize: {
    key: 'batchSize',
    value: 'n',
    text: 'images of a step, where the space does not choose',
    group: 'Training',
    parse: number,
  },
  learningRate: {
    key: 'learningRate',
    value: 'rate',
    text: 'peak learning rate, where the space does not choose one',
    group: 'Training',
    parse: number,
  },
  imageSize: {
    key: 'imageSize',
    value: 'pixels',
    text: 'side that images are resized to (their own, or the median of their sizes up to 128)',
    group: 'Data',
    parse: number,
  },
  channels: {
    key: 'channels',
    value: 'n',
    text: '1 for grey, 3 for RGB (as the images are)',
    group: 'Data',
    parse: number,
  },
  flips: {
    key: 'flips',
    value: 'which',
    text: 'mirror images in training: none, horizontal, vertical, both (horizontal where the data show that it does no harm)',
    group: 'Data',
    parse: asIs,
  },
  augmentation: {
    key: 'augmentation',
    value: 'list',
    text: `other random changes than those that suit the data (--dry-run tells them), e.g. shift=4,cutout=8,rotate=0; there are ${AUGMENTATION_NAMES.join(', ')}; cutout and mixup only when asked, since they slow short trainings down`,
    group: 'Data',
    parse: augmentation,
  },
  workers: {
    key: 'workers',
    value: 'n',
    text: 'trials at once (one for each core)',
    group: 'Machine',
    parse: number,
  },
  threads: { key: 'threads', value: 'n', text: 'threads of each trial (1)', group: 'Machine', parse: number },
  trialTimeout: {
    key: 'trialTimeoutSeconds',
    value: 'duration',
    text: 'a trial that takes longer is stopped',
    group: 'Machine',
    parse: parseDuration,
  },
  trialMemory: {
    key: 'trialMemoryBytes',
    value: 'size',
    text: 'a trial that takes more memory is stopped',
    group: 'Machine',
    parse: parseBytes,
  },
  device: {
    key: 'devices',
    value: 'name=address',
    text: 'latency there too, as latencyMs@NAME: a `device serve` or `device page`, or the file of a `device calibrate` (may be repeated)',
    group: 'Machine',
    parse: devices,
    repeats: true,
  },
  devicePatience: {
    key: 'devicePatienceSeconds',
    value: 'duration',
    text: 'how long a trial waits for a device that does not answer (10m)',
    group: 'Machine',
    parse: parseDuration,
  },
  executor: {
    key: 'executor',
    value: 'where',
    text: 'where trials run: child-process or in-process (child-process)',
    group: 'Machine',
    parse: asIs,
  },
} satisfies Record<string, Field>;

const BY_NAME: Readonly<Record<string, Field>> = FIELDS;

/** The field of a configuration key or camel-case flag. `data` is an argument of the command line, not a flag. */
export const fieldOf = (name: string): Field | undefined =>
  Object.hasOwn(BY_NAME, name) ? BY_NAME[name] : undefined;

/** The name of an option as people write it, by its key. */
export const nameOf = (key: string): string =>
  Object.entries(BY_NAME).find(([, field]) => field.key === key)?.[0] ?? key;

export const flagOf = (name: string): string => `--${name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`;
