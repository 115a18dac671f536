/**
 * What an exported model says about itself, so that `predict` and other programs need nothing but the file.
 *
 * Kept in ONNX `metadata_props`, one key for each field with the prefix `espalier.`, every value JSON. For people, they are
 * described in docs/model-metadata.md.
 */
import { z } from 'zod';
import { fail } from '../errors.ts';
import type { NetworkIO } from '../network/network.ts';
import type { OnnxModel } from '../onnx/model.ts';

const PREFIX = 'espalier.';

const Preprocessing = z.object({
  /** Grey or RGB. */
  channels: z.union([z.literal(1), z.literal(3)]),
  /** Pixels. */
  height: z.number().int().positive(),
  /** Pixels. */
  width: z.number().int().positive(),
  /** Of the channels, in this order. */
  colour: z.enum(['grey', 'rgb']),
  /** Per channel, after `scale`: input = (byte * scale - mean) / std. */
  mean: z.array(z.number()),
  /** Per channel, after `scale`. */
  std: z.array(z.number()),
  /** What a byte is multiplied by first. */
  scale: z.number(),
  /** How an image of another size is brought to height × width: scaled without regard to its proportions. */
  resize: z.literal('area'),
});

const Interval = z.tuple([z.number(), z.number()]);

/** Share of right answers, 0..1, of how many images, and its 95 % interval (Wilson 1927). */
const Accuracy = z.object({
  /** On the validation images. */
  val: z.number(),
  /** Validation images. */
  valCount: z.number().int().exactOptional(),
  /** Of `val`. */
  valInterval: Interval.exactOptional(),
  /** Null where the data have no test images. */
  test: z.number().nullable(),
  /** Test images. */
  testCount: z.number().int(),
  /** Of `test`; null where there are no test images. */
  testInterval: Interval.nullable(),
});

/** Of one image, unless `batch` says otherwise. */
const Latency = z.object({
  /** Whether the model ran, or a calibration said how long it would take. */
  kind: z.enum(['measured', 'predicted']).default('measured'),
  /** Milliseconds. */
  medianMs: z.number(),
  /** Lower end of the 95 % interval of the median. */
  lowMs: z.number(),
  /** Upper end of it. */
  highMs: z.number(),
  /** Percentiles of the single runs. */
  quantilesMs: z
    .object({
      /** 5 % of the runs were faster. */
      p5: z.number(),
      /** 25 % were. */
      p25: z.number(),
      /** Half were. */
      p50: z.number(),
      /** 75 % were. */
      p75: z.number(),
      /** 95 % were. */
      p95: z.number(),
    })
    .exactOptional(),
  /** Of files before there was `quantilesMs`. */
  p95Ms: z.number().exactOptional(),
  /** Timed runs. */
  runs: z.number().int().exactOptional(),
  /** Time was out before the interval was narrow. */
  wide: z.boolean().exactOptional(),
  /** Images that the model takes at once, where that is fixed and not 1. */
  batch: z.number().int().exactOptional(),
  /** Of one operator. */
  threads: z.number().int(),
  /** Whether nothing speaks against the figure. */
  trusted: z.boolean().exactOptional(),
  /** By how much the machine was slower than at its best or changed meanwhile, a share from 0. */
  drift: z.number().exactOptional(),
  /** The processor. */
  machine: z.string(),
  /** Operating system and architecture. */
  platform: z.string().exactOptional(),
  /** Name and version of the engine. */
  runtime: z.string().exactOptional(),
  /** What of the engine computed. */
  provider: z.string().exactOptional(),
});

/** Latencies on another device. */
const DeviceLatency = z.object({
  /** Whether the model ran there, or a calibration said how long it would take. */
  kind: z.enum(['measured', 'predicted']),
  /** What it is. */
  device: z.string(),
  /** Name and version of its engine. */
  runtime: z.string(),
  /** Of the network in float. */
  float: z
    .object({
      /** Median of one image. */
      medianMs: z.number(),
      /** Lower end of its interval. */
      lowMs: z.number(),
      /** Upper end of it. */
      highMs: z.number(),
    })
    .exactOptional(),
  /** Of the network in 8 bits. */
  int8: z
    .object({
      /** Median of one image. */
      medianMs: z.number(),
    })
    .exactOptional(),
});

/** Shares of right answers, 0..1. */
const FormerAccuracy = z.object({
  /** On the validation images. */
  val: z.number(),
  /** On the test images; null where there are none. */
  test: z.number().nullable(),
});

/** Of a network in 8 bits. Files of other tools may hold other entries here. */
const Quantisation = z.looseObject({
  /** Who the model was quantised for. */
  target: z.string(),
  /** Layers that were chosen to stay in float, for the accuracy or by hand. */
  keptFloat: z.array(z.string()).exactOptional(),
  /** All that compute in float, and why. */
  floatLayers: z
    .array(
      z.object({
        /** Of the layer's node. */
        name: z.string(),
        /** Its operator type. */
        op: z.string(),
        /** Why, in a clause. */
        reason: z.string(),
      }),
    )
    .exactOptional(),
  /** How many times as fast as float, from runs of both in turns, and the 95 % interval. */
  speedUp: z
    .object({
      /** Median over the rounds. */
      ratio: z.number(),
      /** Lower end of the interval. */
      low: z.number(),
      /** Upper end of it. */
      high: z.number(),
      /** Rounds that were timed. */
      rounds: z.number().int(),
    })
    .exactOptional(),
  /** Of files before `accuracy` held both. */
  float: FormerAccuracy.exactOptional(),
  /** Of files before `accuracy` held both. */
  int8: FormerAccuracy.exactOptional(),
});

/** Files of before told of the float model only: such an entry has `key` itself. */
const byPrecision =
  (key: string) =>
  (value: unknown): unknown =>
    value === null || (typeof value === 'object' && key in value) ? { float: value } : value;

/**
 * What an exported file says of itself (docs/model-metadata.md): in `metadata_props`, one key for each field with the
 * prefix `espalier.`, every value JSON. The schema also checks it.
 */
export const ModelMetadata = z.object({
  /** Class names in the order of the outputs. */
  labels: z.array(z.string()).min(1),
  /** What its input is made of. */
  preprocessing: Preprocessing,
  /** What this file is; where it is missing, the graph tells. */
  precision: z.enum(['float', 'int8']).exactOptional(),
  /** Of Espalier. */
  version: z.string(),
  /** Of a network that a search found. */
  genome: z.json().exactOptional(),
  /** How the genome wanted it trained, where its space chooses that. */
  training: z.json().exactOptional(),
  /** Name of the space of a network that a search found. */
  space: z.string().exactOptional(),
  /** What the space was when the model was made (spaceDigest). */
  spaceDigest: z.string().exactOptional(),
  /** Number of the trial in its search. */
  trial: z.number().int().exactOptional(),
  /** Of the search, or of the splits that the accuracies are of. */
  seed: z.union([z.number(), z.string()]).exactOptional(),
  /** Of the network as it is deployed, in float, for one image. */
  cost: z
    .object({
      /** Weights. */
      params: z.number().int(),
      /** Multiply-accumulates. */
      macs: z.number().int(),
      /** Peak activations, bytes. */
      memoryBytes: z.number().int(),
    })
    .exactOptional(),
  /** Fingerprint of the data set (ImageDataset.fingerprint). */
  data: z.string(),
  /** Of the network in float and in 8 bits, on the same images. */
  accuracy: z.preprocess(
    byPrecision('val'),
    z.object({
      /** Of the network in float. */
      float: Accuracy,
      /** Of the network in 8 bits. */
      int8: Accuracy.exactOptional(),
    }),
  ),
  /** On the machine that made the file, in float and in 8 bits; null when it was not measured. */
  latency: z.preprocess(
    byPrecision('medianMs'),
    z.object({
      /** Of the network in float. */
      float: Latency.nullable(),
      /** Of the network in 8 bits. */
      int8: Latency.exactOptional(),
    }),
  ),
  /** On other devices that the search asked, by their names. */
  devices: z.record(z.string(), DeviceLatency).exactOptional(),
  /** Of the model in 8 bits. */
  quantisation: Quantisation.exactOptional(),
});

export type ModelMetadata = z.output<typeof ModelMetadata>;
export type Preprocessing = ModelMetadata['preprocessing'];
/** Shares of right answers. */
export type AccuracyEntry = z.output<typeof Accuracy>;
export type LatencyEntry = z.output<typeof Latency>;
export type DeviceLatencyEntry = z.output<typeof DeviceLatency>;
export type QuantisationEntry = z.output<typeof Quantisation>;

/** The entries to put into `OnnxModel.metadata`. */
export const writeMetadata = (metadata: ModelMetadata): Record<string, string> =>
  Object.fromEntries(Object.entries(metadata).map(([key, value]) => [PREFIX + key, JSON.stringify(value)]));

/** The reverse of {@link writeMetadata}. `path` is for the error. @throws MODEL_METADATA */
export function readMetadata(model: Pick<OnnxModel, 'metadata'>, path: string): ModelMetadata {
  const found: Record<string, unknown> = {};
  for (const key of Object.keys(ModelMetadata.shape)) {
    const text = model.metadata[PREFIX + key];
    if (text === undefined) continue;
    try {
      found[key] = JSON.parse(text);
    } catch (cause) {
      fail('MODEL_METADATA', { path, reason: `${PREFIX}${key} is not JSON` }, cause);
    }
  }
  const parsed = ModelMetadata.safeParse(found);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  const [key] = issue.path;
  if (issue.path.length === 1 && !Object.hasOwn(found, key!))
    fail('MODEL_METADATA', { path, reason: `it lacks ${PREFIX}${String(key)}` });
  return fail('MODEL_METADATA', { path, reason: `${PREFIX}${issue.path.join('.')}: ${issue.message}` });
}

/** Like {@link readMetadata}, but null for a model that Espalier did not write. */
export const ownMetadata = (model: Pick<OnnxModel, 'metadata'>, path: string): ModelMetadata | null =>
  `${PREFIX}labels` in model.metadata ? readMetadata(model, path) : null;

/** What the network was built for. */
export const ioOf = ({
  labels,
  preprocessing: { channels, height, width },
}: Pick<ModelMetadata, 'labels' | 'preprocessing'>): NetworkIO => ({
  inputShape: [channels, height, width],
  outputs: labels.length,
});
