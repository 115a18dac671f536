/** Mixed precision under an accuracy bound: as few layers as possible stay in float, the most sensitive first. */
import {
  type Calibration,
  type QuantisedModel,
  type QuantiseOptions,
  quantiseCalibrated,
} from './quantise.ts';
import type { LayerSensitivity } from './sensitivity.ts';

/** A quantised model some of whose layers stay in float, for the sake of a bound on its accuracy. */
export interface MixedPrecision extends QuantisedModel {
  /** Layers that stay in float, those of the options among them. */
  readonly keptFloat: readonly string[];
  /** Of this model, 0..1. */
  readonly accuracy: number;
  /** False when not even a model with a single layer in integers keeps to the bound; the best one tried is given. */
  readonly met: boolean;
}

/**
 * Finds the smallest number of layers that must stay in float, the most sensitive first, by doubling and bisection:
 * leaving more of them in float is taken not to lower the accuracy.
 * @param sensitivities most sensitive first: see {@link layerSensitivities}
 * @param evaluate accuracy of a model, 0..1
 * @param least the accuracy to be reached, 0..1
 */
export async function mixedPrecision(
  calibration: Calibration,
  options: QuantiseOptions,
  sensitivities: readonly LayerSensitivity[],
  evaluate: (quantised: QuantisedModel) => Promise<number>,
  least: number,
): Promise<MixedPrecision> {
  const attempt = async (count: number): Promise<MixedPrecision> => {
    const keptFloat = [...(options.keepFloat ?? []), ...sensitivities.slice(0, count).map((s) => s.name)];
    const quantised = quantiseCalibrated(calibration, { ...options, keepFloat: new Set(keptFloat) });
    const accuracy = await evaluate(quantised);
    return { ...quantised, keptFloat, accuracy, met: accuracy >= least };
  };
  let found = await attempt(0);
  let best = found;
  if (found.met) return found;
  // All in float would be no quantised model at all.
  const most = sensitivities.length - 1;
  let failing = 0;
  let passing = 0;
  while (!found.met && failing < most) {
    const count = Math.min(most, Math.max(1, 2 * failing));
    found = await attempt(count);
    if (found.accuracy > best.accuracy) best = found;
    if (found.met) passing = count;
    else failing = count;
  }
  if (!found.met) return best;
  while (passing - failing > 1) {
    const count = (failing + passing) >> 1;
    const tried = await attempt(count);
    if (tried.met) [found, passing] = [tried, count];
    else failing = count;
  }
  return found;
}
