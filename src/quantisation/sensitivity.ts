/** How much each layer's quantisation alone disturbs what the model says. */
import type { Feeds, ObserveOptions } from './calibration/observe.ts';
import { firstOutputs, noiseShare } from './output-noise.ts';
import { planQuantisation } from './plan.ts';
import { type Calibration, type QuantiseOptions, quantiseCalibrated, staysFloat } from './quantise.ts';

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
 * @throws MODEL_LOAD; what the signal was aborted with
 */
export async function layerSensitivities(
  calibration: Calibration,
  batches: readonly Feeds[],
  options: QuantiseOptions,
  running: ObserveOptions,
): Promise<readonly LayerSensitivity[]> {
  const always = staysFloat(calibration.model, options);
  const layers = planQuantisation(calibration.model.graph, always)
    .units.filter((unit) => unit.role === 'layer')
    .map((unit) => unit.node.name);
  const expected = await firstOutputs(calibration.model, batches, running);
  const found: LayerSensitivity[] = [];
  for (const name of layers) {
    const keepFloat = new Set([...always, ...layers.filter((other) => other !== name)]);
    const { model } = quantiseCalibrated(calibration, { ...options, keepFloat });
    found.push({ name, noise: noiseShare(expected, await firstOutputs(model, batches, running)) });
    running.onProgress?.(found.length / layers.length);
  }
  return found.sort((a, b) => b.noise - a.noise);
}
