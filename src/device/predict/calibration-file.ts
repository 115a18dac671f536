/** What calibration found out about a device: a small file that can be copied and shared. */
import { z } from 'zod';
import { fail } from '../../errors.ts';

const fraction = z.number().min(0).max(1);
const schema = z.object({
  format: z.literal('espalier-latency-1'),
  /** The processor's name. */
  machine: z.string(),
  provider: z.literal('cpu'),
  threads: z.int().positive(),
  precision: z.enum(['float', 'int8']),
  /** Espalier's own version, which fixes ONNX Runtime's range of versions. */
  version: z.string(),
  spaces: z.array(z.string()),
  inputShape: z.array(z.int().positive()).length(3),
  networks: z.int().positive(),
  model: z.object({
    coefficients: z.record(z.string(), z.number().positive()),
    known: z.array(z.string()),
    residual: z
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
      ),
    relativeError: z.number().nonnegative(),
    confidence: fraction,
  }),
});

export type LatencyCalibration = z.infer<typeof schema>;

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
  const read = schema.safeParse(value);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  return refuse(`${issue?.path.join('.') || 'the file'}: ${issue?.message}`);
}
