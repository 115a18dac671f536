/** How much each layer's quantisation alone disturbs what the model says. */
import { encodeModel } from '../onnx/encode.ts';
import type { OnnxModel } from '../onnx/model.ts';
import { createSession } from '../runtime/session.ts';
import type { Feeds, ObserveOptions } from './calibration/observe.ts';
import { planQuantisation } from './plan.ts';
import { type Calibration, type QuantiseOptions, quantiseCalibrated, staysFloat } from './quantise.ts';
import type { Ranges } from './ranges.ts';

/** How much the output changes when this layer alone computes on integers. */
export interface LayerSensitivity {
  /** Of the layer's node. */
  readonly name: string;
  /** Power of the change of the first output, as a share of the output's own power; ≥ 0. */
  readonly noise: number;
}

/**
 * Every product with constant weights that could run in integers, most sensitive first; ties in graph order. Runs the
 * model once for each.
 * @param batches inputs by name; a few suffice
 * @param ranges instead of those that the options' method chooses
 * @throws MODEL_LOAD; what the signal was aborted with
 */
export async function layerSensitivities(
  calibration: Calibration,
  batches: readonly Feeds[],
  options: QuantiseOptions,
  { threads, signal, onProgress }: ObserveOptions,
  ranges?: Ranges,
): Promise<readonly LayerSensitivity[]> {
  const always = staysFloat(calibration.model, options);
  const layers = planQuantisation(calibration.model.graph, always)
    .units.filter((unit) => unit.role === 'layer')
    .map((unit) => unit.node.name);
  const expected = await firstOutputs(calibration.model, batches, threads);
  const found: LayerSensitivity[] = [];
  for (const name of layers) {
    signal?.throwIfAborted();
    const keepFloat = new Set([...always, ...layers.filter((other) => other !== name)]);
    const { model } = quantiseCalibrated(calibration, { ...options, keepFloat }, ranges);
    found.push({ name, noise: noiseShare(expected, await firstOutputs(model, batches, threads)) });
    onProgress?.(found.length / layers.length);
  }
  return found.sort((a, b) => b.noise - a.noise);
}

async function firstOutputs(
  model: OnnxModel,
  batches: readonly Feeds[],
  threads: number,
): Promise<readonly Float32Array[]> {
  const session = await createSession(encodeModel(model), { threads });
  try {
    const results: Float32Array[] = [];
    for (const feeds of batches)
      results.push((await session.run(feeds))[session.outputNames[0]!]!.data as Float32Array);
    return results;
  } finally {
    await session.release();
  }
}

function noiseShare(expected: readonly Float32Array[], actual: readonly Float32Array[]): number {
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
