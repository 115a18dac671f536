/** The messages of a device, checked: whoever sends them may be of another version, broken, or not a device at all. */
import { z } from 'zod';
import { DEVICE_PROTOCOL, MAX_OUTPUT_VALUES } from './contract.ts';

const text = z.string().max(500);
const name = z.string().min(1).max(200);
const milliseconds = z.number().positive().max(1e9);
const count = z.number().int().positive();
const bytes = z.number().int().nonnegative();
const shape = z.array(z.number().int().nonnegative()).max(16);

/** What a device is and can do. */
export const DeviceDescription = z.object({
  protocol: z.literal(DEVICE_PROTOCOL),
  /** Espalier's version there. */
  version: name,
  /** Processor and system, or what the browser says of itself. */
  device: text,
  /** The engine with its version. */
  runtime: name,
  /** Execution providers, the usual one first: `cpu`; in a browser `wasm` and, where there is one, `webgpu`. */
  providers: z.array(name).min(1).max(8),
  /** Most threads that a measurement can have. */
  threads: count,
  /** Largest model that it takes. */
  maxModelBytes: count,
  /** Whether it can tell what memory a model takes; earlier versions do not say. */
  memory: z.boolean().optional(),
});
export type DeviceDescription = z.infer<typeof DeviceDescription>;

const Outputs = z.record(
  name,
  z.object({
    shape,
    // A value that is not a number is null in JSON.
    data: z.array(z.number().nullable()).max(MAX_OUTPUT_VALUES),
  }),
);

/** A model's latency on a device. See device/measure-session.ts for the figures. */
export const DeviceMeasurement = z
  .object({
    protocol: z.literal(DEVICE_PROTOCOL),
    version: name,
    device: text,
    runtime: name,
    provider: name,
    threads: count,
    /** SHA-256 of the model as the device got it, hexadecimal. */
    modelDigest: z.string().regex(/^[0-9a-f]{64}$/),
    modelBytes: bytes,
    p50Ms: milliseconds,
    p95Ms: milliseconds,
    /** 0 where a block of runs was shorter than a step of the device's clock. */
    lowMs: z.number().nonnegative().finite(),
    highMs: milliseconds,
    runs: count,
    averagedOver: count,
    inputs: z.record(name, shape),
    assumed: z.array(text).max(100),
    reference: z.object({ medianMs: milliseconds, drift: z.number(), spread: z.number().nonnegative() }),
    /** Resident bytes; null where the device cannot tell, or nobody asked. */
    memory: z.object({ peakBytes: bytes, addedBytes: bytes }).nullable(),
    trusted: z.boolean(),
    doubts: z.array(text).max(20),
    /** Of the noise that the model was fed with; there when asked for. */
    outputs: Outputs.optional(),
  })
  .refine(({ lowMs, p50Ms, highMs, p95Ms }) => lowMs <= p50Ms && p50Ms <= highMs && p50Ms <= p95Ms, {
    message: 'the figures contradict each other (low ≤ p50 ≤ high and p50 ≤ p95 must hold)',
  });
export type DeviceMeasurement = z.infer<typeof DeviceMeasurement>;

/** Why there is no measurement. */
export const DeviceProblem = z.object({
  error: z.object({ code: name, message: z.string().max(2000), hint: z.string().max(2000) }),
});
export type DeviceProblem = z.infer<typeof DeviceProblem>;

/** The parameters of a measurement in a request's query. */
export const MeasureParameters = z.object({
  threads: count.max(1024).default(1),
  maxSeconds: z.number().positive().max(60).default(10),
  maxMs: milliseconds.optional(),
  provider: name.optional(),
  /** In a process that has measured nothing before, which takes a moment longer. */
  memory: z.boolean().default(false),
  shapes: z.record(name, z.array(count).max(16)).default({}),
  outputs: z.boolean().default(false),
});
export type MeasureParameters = z.infer<typeof MeasureParameters>;

/** What a schema has against a value, in a sentence. */
export function mistakeOf(error: z.ZodError): string {
  const [issue] = error.issues;
  if (issue === undefined) return 'it is not well formed';
  const reason = issue.message.replace(/^Invalid input: /, '');
  return issue.path.length === 0 ? reason : `${issue.path.map(String).join('.')}: ${reason}`;
}
