/** The one size that all images of a data set are brought to. */
import type { ImageSize } from './source.ts';

/** Longer sides cost training time that a search has better uses for; give `imageSize` where detail matters. */
const LONGEST_SIDE = 128;
const MULTIPLE = 4;

/**
 * `imageSize` as a square where given. Else the common size when there is one of at most 128 pixels. Else the median
 * width and height, scaled down together to at most 128, and rounded to multiples of 4.
 */
export function workingSize(sizes: readonly ImageSize[], imageSize?: number): ImageSize {
  if (imageSize !== undefined) return { width: imageSize, height: imageSize };
  const first = sizes[0]!;
  const common = sizes.every((s) => s.width === first.width && s.height === first.height);
  if (common && Math.max(first.width, first.height) <= LONGEST_SIDE) return first;
  const width = median(sizes.map((s) => s.width));
  const height = median(sizes.map((s) => s.height));
  const scale = Math.min(1, LONGEST_SIDE / Math.max(width, height));
  const round = (side: number): number =>
    Math.max(MULTIPLE, Math.round((side * scale) / MULTIPLE) * MULTIPLE);
  return { width: round(width), height: round(height) };
}

/** Smallest, middle and largest by area. The list must not be empty. */
export function sizeSummary(sizes: readonly ImageSize[]): Record<'min' | 'median' | 'max', ImageSize> {
  const sorted = [...sizes].sort((a, b) => a.width * a.height - b.width * b.height || a.width - b.width);
  return { min: sorted[0]!, median: sorted[(sorted.length - 1) >> 1]!, max: sorted[sorted.length - 1]! };
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[(values.length - 1) >> 1]!;
