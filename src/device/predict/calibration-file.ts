/** What calibration found out about a device: a small file that can be copied and shared. */
import { readFile, stat } from 'node:fs/promises';
import { z } from 'zod';
import { fail } from '../../errors.ts';
import { USUAL_DRIFT } from './drift.ts';

const residual = z
  .object({
    families: z.array(z.string()),
    mean: z.array(z.number()),
    deviation: z.array(z.number().positive()),
    lengthScale: z.number().positive(),
    points: z.array(z.number()),
    alpha: z.array(z.number()),
  })
  .refine(
    ({ mean, deviation, points, alpha }) =>
      deviation.length === mean.length && points.length === alpha.length * mean.length,
    'its lists do not fit together',
  );

const latencyModel = z.object({
  /** How many it was fitted to. */
  networks: z.int().positive(),
  coefficients: z.record(z.string(), z.number().positive()),
  known: z.array(z.string()),
  residual,
  relativeError: z.number().nonnegative(),
  confidence: z.number().min(0).max(1),
  /** Predictions do without these. */
  drift: z.number().nonnegative().default(USUAL_DRIFT),
  refused: z.int().nonnegative().default(0),
  free: z.array(z.string()).default([]),
  seed: z.union([z.string(), z.number()]).default('0'),
  slowness: z.number().positive().default(1),
  landmarks: z
    .array(
      z.object({
        index: z.int().nonnegative(),
        ms: z.number().positive(),
        predictedMs: z.number().positive(),
      }),
    )
    .default([]),
});

export const PRECISIONS = ['float', 'int8'] as const;
export type Precision = (typeof PRECISIONS)[number];

const size = z.int().positive();

/** Another number whenever networks' work is counted otherwise: old coefficients are for old amounts. */
export const FORMAT = 'espalier-latency-2';

const schema = z.object({
  format: z.literal(FORMAT),
  /** The processor's name, or what a remote device says of itself. */
  machine: z.string(),
  /** The engine with its version. */
  runtime: z.string(),
  provider: z.string(),
  threads: z.int().positive(),
  /** Espalier's own version. */
  version: z.string(),
  spaces: z.array(z.string()),
  inputShape: z.tuple([size, size, size]),
  models: z
    .partialRecord(z.enum(PRECISIONS), latencyModel)
    .refine((models) => Object.keys(models).length > 0, 'there is none'),
});

export type LatencyCalibration = z.infer<typeof schema>;

const WIDTH = 120;

/** As text that can be read and compared: a line for each entry, lists of numbers and names in lines of 120 characters. */
export const formatCalibration = (calibration: LatencyCalibration): string => `${lines(calibration, '')}\n`;

function lines(value: unknown, indent: string): string {
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    const short = JSON.stringify(value);
    if (indent.length + short.length <= WIDTH) return short;
    let text = '[';
    let line = '';
    for (const [i, item] of value.entries()) {
      const next = `${JSON.stringify(item)}${i < value.length - 1 ? ',' : ''}`;
      if (line !== '' && inner.length + line.length + next.length > WIDTH) {
        text += `\n${inner}${line}`;
        line = '';
      }
      line += next;
    }
    return `${text}\n${inner}${line}\n${indent}]`;
  }
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).map(
    ([key, entry]) => `${inner}${JSON.stringify(key)}: ${lines(entry, inner)}`,
  );
  return entries.length === 0 ? '{}' : `{\n${entries.join(',\n')}\n${indent}}`;
}

/** @param path for messages. @throws USAGE when the text is not such a file */
export function parseCalibration(text: string, path: string): LatencyCalibration {
  const refuse = (reason: string): never =>
    fail('USAGE', {
      what: `${path} is not a latency calibration: ${reason}`,
      hint: 'Make one with `espalier device calibrate --out FILE` on the device that is to be predicted.',
    });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return refuse('it is not JSON');
  }
  const format = typeof value === 'object' && value !== null && 'format' in value ? value.format : null;
  if (typeof format === 'string' && format !== FORMAT && format.startsWith('espalier-latency-'))
    refuse(`it is of another version of Espalier (${format}, this one reads ${FORMAT})`);
  const read = schema.safeParse(value);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  return refuse(`${issue?.path.join('.') || 'the file'}: ${issue?.message.replace(/^Invalid input: /, '')}`);
}

/** @throws USAGE when there is no such file, or it is something else */
export async function readCalibration(path: string): Promise<LatencyCalibration> {
  const text = await readFile(path, 'utf8').catch((cause: Error) =>
    fail(
      'USAGE',
      { what: `${path}: cannot be read`, hint: 'Make it with `espalier device calibrate --out FILE`.' },
      cause,
    ),
  );
  return parseCalibration(text, path);
}

/** Those that this process has read, by path and state of the file: every candidate of a search asks for them. */
const kept = new Map<string, { readonly state: string; readonly calibration: Promise<LatencyCalibration> }>();

/** As {@link readCalibration}, but reads a file again only when it has changed. */
export async function calibrationAt(path: string): Promise<LatencyCalibration> {
  const found = await stat(path).catch(() => null);
  if (found === null) return readCalibration(path);
  const state = `${found.mtimeMs} ${found.size}`;
  const before = kept.get(path);
  if (before?.state === state) return before.calibration;
  const calibration = readCalibration(path);
  // A failure is told again to whoever asks next.
  kept.set(path, { state, calibration });
  return calibration;
}
