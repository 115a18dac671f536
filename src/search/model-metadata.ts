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
  channels: z.union([z.literal(1), z.literal(3)]),
  height: z.number().int().positive(),
  width: z.number().int().positive(),
  colour: z.enum(['grey', 'rgb']),
  /** Per channel, after `scale`: input = (byte * scale - mean) / std. */
  mean: z.array(z.number()),
  std: z.array(z.number()),
  scale: z.number(),
  /** How an image of another size is brought to height × width: scaled without regard to its proportions. */
  resize: z.literal('area'),
});

const Interval = z.tuple([z.number(), z.number()]);

/** Share of right answers, 0..1, of how many images, and its 95 % interval (Wilson 1927). */
const Accuracy = z.object({
  val: z.number(),
  valCount: z.number().int().exactOptional(),
  valInterval: Interval.exactOptional(),
  /** Null where the data have no test images. */
  test: z.number().nullable(),
  testCount: z.number().int(),
  testInterval: Interval.nullable(),
});

/** Of one image, unless `batch` says otherwise. */
const Latency = z.object({
  /** Whether the model ran, or a calibration said how long it would take. */
  kind: z.enum(['measured', 'predicted']).default('measured'),
  medianMs: z.number(),
  /** 95 % interval of the median. */
  lowMs: z.number(),
  highMs: z.number(),
  /** Percentiles of the single runs. */
  quantilesMs: z
    .object({ p5: z.number(), p25: z.number(), p50: z.number(), p75: z.number(), p95: z.number() })
    .exactOptional(),
  /** Of files before there was `quantilesMs`. */
  p95Ms: z.number().exactOptional(),
  runs: z.number().int().exactOptional(),
  /** Time was out before the interval was narrow. */
  wide: z.boolean().exactOptional(),
  /** Images that the model takes at once, where that is fixed and not 1. */
  batch: z.number().int().exactOptional(),
  threads: z.number().int(),
  /** Whether nothing speaks against the figure, and by how much the machine was slower than at its best or changed meanwhile. */
  trusted: z.boolean().exactOptional(),
  drift: z.number().exactOptional(),
  /** The processor. */
  machine: z.string(),
  platform: z.string().exactOptional(),
  /** Name and version of the engine, and what of it computed. */
  runtime: z.string().exactOptional(),
  provider: z.string().exactOptional(),
});

/** Latencies on another device. */
const DeviceLatency = z.object({
  kind: z.enum(['measured', 'predicted']),
  device: z.string(),
  runtime: z.string(),
  float: z.object({ medianMs: z.number(), lowMs: z.number(), highMs: z.number() }).exactOptional(),
  int8: z.object({ medianMs: z.number() }).exactOptional(),
});

/** Of a network in 8 bits. Files of other tools may hold other entries here. */
const Quantisation = z.looseObject({
  target: z.string(),
  /** Layers that were chosen to stay in float, for the accuracy or by hand. */
  keptFloat: z.array(z.string()).exactOptional(),
  /** All that compute in float, and why. */
  floatLayers: z.array(z.object({ name: z.string(), op: z.string(), reason: z.string() })).exactOptional(),
  /** How many times as fast as float, from runs of both in turns, and the 95 % interval. */
  speedUp: z
    .object({ ratio: z.number(), low: z.number(), high: z.number(), rounds: z.number().int() })
    .exactOptional(),
  /** Of files before `accuracy` held both. */
  float: z.object({ val: z.number(), test: z.number().nullable() }).exactOptional(),
  int8: z.object({ val: z.number(), test: z.number().nullable() }).exactOptional(),
});

/** Files of before told of the float model only: such an entry has `key` itself. */
const byPrecision =
  (key: string) =>
  (value: unknown): unknown =>
    value === null || (typeof value === 'object' && key in value) ? { float: value } : value;

/** What an exported file says of itself (docs/model-metadata.md); the schema also checks it. */
export const ModelMetadata = z.object({
  /** Class names in the order of the outputs. */
  labels: z.array(z.string()).min(1),
  preprocessing: Preprocessing,
  /** What this file is; where it is missing, the graph tells. */
  precision: z.enum(['float', 'int8']).exactOptional(),
  /** Of Espalier. */
  version: z.string(),
  /** Genome and space of a network that a search found; others have none. */
  genome: z.json().exactOptional(),
  /** How the genome wanted it trained, where its space chooses that. */
  training: z.json().exactOptional(),
  space: z.string().exactOptional(),
  /** What the space was when the model was made (spaceDigest). */
  spaceDigest: z.string().exactOptional(),
  /** Number of the trial in its search. */
  trial: z.number().int().exactOptional(),
  /** Of the search, or of the splits that the accuracies are of. */
  seed: z.union([z.number(), z.string()]).exactOptional(),
  /** Of the network that was trained, for one image; merging its branches for deployment leaves fewer weights. */
  cost: z
    .object({ params: z.number().int(), macs: z.number().int(), memoryBytes: z.number().int() })
    .exactOptional(),
  /** Fingerprint of the data set (ImageDataset.fingerprint). */
  data: z.string(),
  /** Of the network in float and in 8 bits, on the same images. */
  accuracy: z.preprocess(byPrecision('val'), z.object({ float: Accuracy, int8: Accuracy.exactOptional() })),
  /** On the machine that made the file, in float and in 8 bits; null when it was not measured. */
  latency: z.preprocess(
    byPrecision('medianMs'),
    z.object({ float: Latency.nullable(), int8: Latency.exactOptional() }),
  ),
  /** On other devices that the search asked, by their names. */
  devices: z.record(z.string(), DeviceLatency).exactOptional(),
  quantisation: Quantisation.exactOptional(),
});

export type ModelMetadata = z.output<typeof ModelMetadata>;
export type Preprocessing = ModelMetadata['preprocessing'];
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
