/** Mean and standard deviation of each channel, so that training inputs have mean 0 and variance 1. */
import type { ImageSplit, Normalisation } from './dataset.ts';

/** A constant channel would otherwise divide by zero. */
const SMALLEST_STD = 1 / 255;

/** Over all pixels of the split, on the 0..1 scale. */
export function measureNormalisation(split: ImageSplit, channels: number): Normalisation {
  const plane = split.count === 0 ? 0 : split.images.length / split.count / channels;
  const pixels = split.count * plane;
  const mean: number[] = [];
  const std: number[] = [];
  for (let c = 0; c < channels; c++) {
    const histogram = new Float64Array(256);
    for (let i = 0; i < split.count; i++) {
      const start = (i * channels + c) * plane;
      for (let p = start; p < start + plane; p++) histogram[split.images[p]!]! += 1;
    }
    let sum = 0;
    let squares = 0;
    histogram.forEach((count, value) => {
      sum += (count * value) / 255;
      squares += count * (value / 255) ** 2;
    });
    const average = pixels === 0 ? 0 : sum / pixels;
    mean.push(average);
    std.push(Math.max(SMALLEST_STD, Math.sqrt(Math.max(0, squares / Math.max(1, pixels) - average ** 2))));
  }
  return { mean, std };
}
