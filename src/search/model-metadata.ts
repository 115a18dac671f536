/**
 * What an exported model says about itself, so that `predict` and other programs need nothing but the file.
 *
 * Kept in ONNX `metadata_props`, one key for each field with the prefix `espalier.`, every value JSON.
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

export const ModelMetadata = z.object({
  /** Class names in the order of the outputs. */
  labels: z.array(z.string()).min(1),
  preprocessing: Preprocessing,
  genome: z.json(),
  space: z.string(),
  seed: z.union([z.number(), z.string()]),
  /** Of Espalier. */
  version: z.string(),
  /** Number of the trial in its search. */
  trial: z.number().int().exactOptional(),
  /** What the space was when the model was made (spaceDigest). */
  spaceDigest: z.string().exactOptional(),
  /** Of the network that was trained, for one image; merging its branches for deployment leaves fewer weights. */
  cost: z
    .object({ params: z.number().int(), macs: z.number().int(), memoryBytes: z.number().int() })
    .exactOptional(),
  /** Fingerprint of the data set (ImageDataset.fingerprint). */
  data: z.string(),
  accuracy: z.object({
    val: z.number(),
    /** Images, and 95 % interval, of the validation accuracy. */
    valCount: z.number().int().exactOptional(),
    valInterval: z.tuple([z.number(), z.number()]).exactOptional(),
    test: z.number().nullable(),
    testCount: z.number().int(),
    /** 95 % interval of the test accuracy (Wilson 1927). */
    testInterval: z.tuple([z.number(), z.number()]).nullable(),
  }),
  /** Of one image on the machine that searched; null when it was not measured. */
  latency: z
    .object({
      medianMs: z.number(),
      lowMs: z.number(),
      highMs: z.number(),
      /** 95th percentile of so many runs; `wide`: time was out before the interval of the median was narrow. */
      p95Ms: z.number().exactOptional(),
      runs: z.number().int().exactOptional(),
      wide: z.boolean().exactOptional(),
      threads: z.number().int(),
      /** The processor. */
      machine: z.string(),
      platform: z.string().exactOptional(),
      /** Name and version of the engine, and what of it computed. */
      runtime: z.string().exactOptional(),
      provider: z.string().exactOptional(),
    })
    .nullable(),
  /** Of a model in 8 bits: accuracies (0..1) before and after, on the same images; `test` null where there were none. */
  quantisation: z
    .looseObject({
      target: z.string(),
      float: z.object({ val: z.number(), test: z.number().nullable() }),
      int8: z.object({ val: z.number(), test: z.number().nullable() }),
    })
    .exactOptional(),
});

export type ModelMetadata = z.output<typeof ModelMetadata>;
export type Preprocessing = ModelMetadata['preprocessing'];

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

/** What the network was built for. */
export const ioOf = ({
  labels,
  preprocessing: { channels, height, width },
}: Pick<ModelMetadata, 'labels' | 'preprocessing'>): NetworkIO => ({
  inputShape: [channels, height, width],
  outputs: labels.length,
});
