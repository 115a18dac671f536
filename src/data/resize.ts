/**
 * Resizing of planar bytes, the same for training data and for prediction: each axis that shrinks takes the mean over the
 * area that an output pixel covers, each that grows is interpolated linearly between pixel centres (as OpenCV's
 * INTER_AREA). The proportions are not kept: what `width` and `height` say is filled.
 */
import type { ImageSize } from './source.ts';

/** For each output position: the first input position, and where its weights begin. */
interface Taps {
  readonly first: Int32Array;
  readonly start: Int32Array;
  readonly weights: Float32Array;
}

function tapsOf(from: number, to: number): Taps {
  const first = new Int32Array(to);
  const start = new Int32Array(to + 1);
  const weights: number[] = [];
  const ratio = from / to;
  for (let i = 0; i < to; i++) {
    if (ratio > 1) {
      const low = i * ratio;
      const high = Math.min(from, (i + 1) * ratio);
      first[i] = Math.floor(low);
      for (let p = Math.floor(low); p < high; p++)
        weights.push((Math.min(high, p + 1) - Math.max(low, p)) / (high - low));
    } else {
      const centre = Math.min(from - 1, Math.max(0, (i + 0.5) * ratio - 0.5));
      const low = Math.min(Math.floor(centre), Math.max(0, from - 2));
      first[i] = low;
      weights.push(1 - (centre - low));
      if (low + 1 < from) weights.push(centre - low);
    }
    start[i + 1] = weights.length;
  }
  return { first, start, weights: Float32Array.from(weights) };
}

/** A function that resizes planar images of one size to another; the taps are computed once. */
export function resizer(
  channels: number,
  from: ImageSize,
  to: ImageSize,
): (pixels: Uint8Array) => Uint8Array {
  if (from.width === to.width && from.height === to.height) return (pixels) => pixels;
  const across = tapsOf(from.width, to.width);
  const down = tapsOf(from.height, to.height);
  const rows = new Float32Array(from.height * to.width);
  return (pixels) => {
    const result = new Uint8Array(channels * to.height * to.width);
    for (let c = 0; c < channels; c++) {
      const plane = c * from.height * from.width;
      for (let y = 0; y < from.height; y++)
        for (let x = 0; x < to.width; x++) {
          const begin = across.start[x]!;
          const source = plane + y * from.width + across.first[x]! - begin;
          let sum = 0;
          for (let k = begin; k < across.start[x + 1]!; k++) sum += across.weights[k]! * pixels[source + k]!;
          rows[y * to.width + x] = sum;
        }
      for (let y = 0; y < to.height; y++) {
        const begin = down.start[y]!;
        const top = down.first[y]! - begin;
        for (let x = 0; x < to.width; x++) {
          let sum = 0;
          for (let k = begin; k < down.start[y + 1]!; k++)
            sum += down.weights[k]! * rows[(top + k) * to.width + x]!;
          result[(c * to.height + y) * to.width + x] = Math.round(sum);
        }
      }
    }
    return result;
  };
}
