/**
 * How fast a machine is today, beside what its calibration says: some networks of the calibration are timed again. Without them
 * a predictor that is wrong and a machine that has slowed down look alike.
 */
import { createRandom, type Random } from '../../random.ts';
import { median } from '../median-interval.ts';
import type { Sample } from './coefficients.ts';
import { type LatencyModel, predictLatency } from './fit.ts';
import type { Work } from './work.ts';

export interface Landmark {
  /** The network is drawn from the calibration's stream of that name. */
  readonly index: number;
  /** As it was timed for the calibration. */
  readonly ms: number;
  /** By this the network is known again: another version of Espalier may draw another one. */
  readonly predictedMs: number;
}

/** Tells a change of the machine's speed of 1 %: networks differ by 3 to 5 % from session to session. */
const LANDMARKS = 24;
const SAME = 1e-6;
/** A median of fewer is the networks' own noise. */
const FEWEST = 8;

/** Where a calibration's networks come from. */
export const calibrationStream = (seed: string | number): Random =>
  createRandom(seed).split('latency calibration');

/** @param samples by index, so that all spaces are among the first ones */
export const landmarksOf = (
  model: LatencyModel,
  samples: readonly (Sample & { readonly index: number })[],
): Landmark[] =>
  samples
    .slice(0, LANDMARKS)
    .map(({ index, ms, work }) => ({ index, ms, predictedMs: predictLatency(model, work).ms }));

/** What a network takes today over what it takes by the calibration. */
export interface Slowness {
  readonly factor: number;
  /** How many tell it. */
  readonly networks: number;
}

/**
 * @param again the landmarks that could be timed again
 * @returns null when too few are known again
 */
export function slownessOf(
  model: LatencyModel,
  again: readonly { readonly landmark: Landmark; readonly ms: number; readonly work: Work }[],
): Slowness | null {
  const { slowness = 1 } = model;
  const known = again.filter(
    ({ landmark: { predictedMs }, work }) =>
      Math.abs(predictLatency(model, work).ms / slowness / predictedMs - 1) < SAME,
  );
  if (known.length < FEWEST) return null;
  const factor = median(known.map(({ landmark, ms }) => ms / (slowness * landmark.ms)));
  return { factor, networks: known.length };
}

export const speedInWords = ({ factor }: Slowness): string =>
  `${(100 * Math.abs(factor - 1)).toFixed(1)} % ${factor > 1 ? 'slower' : 'faster'} than the calibration says`;

/** The same predictor for a machine of today's speed. */
export const adjusted = <Model extends LatencyModel>(model: Model, { factor }: Slowness): Model => ({
  ...model,
  slowness: (model.slowness ?? 1) * factor,
});
