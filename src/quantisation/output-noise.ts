/** How far a model's outputs are from those of the float one. */
import { encodeModel } from '../onnx/encode.ts';
import type { OnnxModel } from '../onnx/model.ts';
import { createSession } from '../runtime/session.ts';
import type { Feeds, ObserveOptions } from './calibration/observe.ts';

/** The first output for each of the batches. */
export async function firstOutputs(
  model: OnnxModel,
  batches: readonly Feeds[],
  { threads, signal }: Pick<ObserveOptions, 'threads' | 'signal'>,
): Promise<readonly Float32Array[]> {
  const session = await createSession(encodeModel(model), { threads });
  try {
    const results: Float32Array[] = [];
    for (const feeds of batches) {
      signal?.throwIfAborted();
      results.push((await session.run(feeds))[session.outputNames[0]!]!.data as Float32Array);
    }
    return results;
  } finally {
    await session.release();
  }
}

/** Power of the difference as a share of the power of what was expected; ≥ 0. */
export function noiseShare(expected: readonly Float32Array[], actual: readonly Float32Array[]): number {
  let signal = 0;
  let noise = 0;
  expected.forEach((values, b) => {
    values.forEach((value, i) => {
      signal += value ** 2;
      noise += (actual[b]![i]! - value) ** 2;
    });
  });
  return signal === 0 ? noise : noise / signal;
}
