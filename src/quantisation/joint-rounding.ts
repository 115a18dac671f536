/**
 * Rounds the weights of an output together, so that what one rounding adds to the output the others take off again
 * (GPTQ, Frantar et al. 2023, without its inverse: Babai's nearest plane, Babai 1986).
 *
 * With L·Lᵀ the covariance of what the weights are multiplied by, the mean squared error that rounding errors e add to
 * the output is |e·L|² = Σₖ (Lₖₖ·eₖ + Σⱼ﹥ₖ Lⱼₖ·eⱼ)². From the last weight to the first, each takes the integer that makes
 * its own term least. The mean of the output is left to the bias (`bias-correction.ts`).
 */

import { cholesky } from '../linear-algebra.ts';
import type { Tensor } from '../onnx/model.ts';
import type { InputBlock } from './input-covariance.ts';
import { channelMaxima, type LayerWeights } from './weights.ts';

/** What rounding of one weight means for those that come after it. */
export interface Feedback {
  /** Weights by the power of their input, the weakest first: the strongest is rounded first and can be made up for. */
  readonly order: Int32Array;
  /** [n, n], L of the covariance in that order; its upper triangle is of no use. */
  readonly lower: Float64Array;
}

/** Of the mean power of an input, added to each: samples are few, and some inputs are always 0. */
const DAMPING = 0.01;

/**
 * @param covariance [n, n] of a layer's inputs, row-major; the lower triangle suffices
 * @returns null where all inputs are constant: any rounding is as good
 */
export function feedbackOf(covariance: Float64Array, n: number): Feedback | null {
  let power = 0;
  for (let i = 0; i < n; i++) power += covariance[i * n + i]! / n;
  if (!(power > 0)) return null;
  const indices = Array.from({ length: n }, (_, i) => i);
  const order = Int32Array.from(indices.sort((a, b) => covariance[a * n + a]! - covariance[b * n + b]!));
  const lower = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= i; j++) {
      const [a, b] = [order[i]!, order[j]!];
      // In units of the mean power, which the factorisation's tolerance is for.
      lower[i * n + j] = covariance[Math.max(a, b) * n + Math.min(a, b)]! / power + (i === j ? DAMPING : 0);
    }
  return cholesky(lower, n) ? { order, lower } : null;
}

/**
 * @param steps weights of one output in steps of its scale, at most `limit` in magnitude
 * @param limit largest magnitude of an integer; weights that reach it keep it, so that the scale stays what it was
 * @returns integers, one for each weight
 */
export function roundJointly(steps: Float64Array, { order, lower }: Feedback, limit: number): Int8Array {
  const n = steps.length;
  const result = new Int8Array(n);
  /** Σⱼ﹥ₖ Lⱼₖ·eⱼ for each k, of the weights that are rounded already. */
  const carried = new Float64Array(n);
  for (let k = n - 1; k >= 0; k--) {
    const at = order[k]!;
    const weight = steps[at]!;
    const wanted = weight - carried[k]! / lower[k * n + k]!;
    const fixed = Math.abs(weight) > limit - TOLERANCE;
    const integer = Math.min(limit, Math.max(-limit, Math.round(fixed ? weight : wanted)));
    result[at] = integer;
    const error = integer - weight;
    for (let j = 0, row = k * n; j < k; j++) carried[j]! += lower[row + j]! * error;
  }
  return result;
}

/** The largest weight divided by its scale misses the limit by float32's rounding. */
const TOLERANCE = 1e-3;

/**
 * The weights of a layer on the grid of their integers, each channel's rounded jointly; those that no block covers stay as
 * they are. The largest weight of each channel stays, and with it the channel's scale.
 * @param blocks how the inputs of the weights vary
 */
export function jointlyRounded(
  layer: Pick<LayerWeights, 'weight' | 'axis'>,
  blocks: readonly InputBlock[],
  limit: number,
): Tensor {
  const { weight, axis } = layer;
  const maxima = channelMaxima(layer);
  const channels = maxima.length;
  const inputs = weight.data.length / channels;
  const groups = 1 + blocks.reduce((last, { group }) => Math.max(last, group), 0);
  const each = channels / groups;
  const data = Float32Array.from(weight.data as Float32Array);
  for (const { group, begin, size, covariance } of blocks) {
    const feedback = feedbackOf(covariance, size);
    if (feedback === null) continue;
    for (let channel = group * each; channel < (group + 1) * each; channel++) {
      const scale = Math.fround(maxima[channel]! / limit);
      if (!(scale > SMALLEST_SCALE)) continue;
      const place = (i: number): number =>
        axis === 0 ? channel * inputs + begin + i : (begin + i) * channels + channel;
      const steps = Float64Array.from({ length: size }, (_, i) => data[place(i)]! / scale);
      roundJointly(steps, feedback, limit).forEach((integer, i) => {
        data[place(i)] = integer * scale;
      });
    }
  }
  return { ...weight, data };
}

/** A channel of next to no weights has a scale by its bias (`weights.ts`). */
const SMALLEST_SCALE = 1e-30;
