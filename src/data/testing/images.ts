/** Small data for this room's tests. */
import { createRandom } from '../../random.ts';
import type { ImageDataset, ImageSplit } from '../dataset.ts';
import { fingerprintOf } from '../fingerprint.ts';
import { measureNormalisation } from '../normalisation.ts';
import { hashPixels } from '../packed-images.ts';
import type { ImageSource, SourceSplit } from '../source.ts';

interface Shape {
  readonly channels: 1 | 3;
  readonly height: number;
  readonly width: number;
  readonly classes: number;
}

export function randomSplit(
  count: number,
  { channels, height, width, classes }: Shape,
  seed: string,
): ImageSplit {
  const random = createRandom(seed);
  return {
    count,
    images: Uint8Array.from({ length: count * channels * height * width }, () => random.int(256)),
    labels: Uint16Array.from({ length: count }, (_, i) => i % classes),
  };
}

export function datasetOf(
  splits: { readonly train: ImageSplit; readonly val?: ImageSplit; readonly test?: ImageSplit | null },
  { channels, height, width, classes }: Shape,
): ImageDataset {
  const { train, val = train, test = null } = splits;
  const content = {
    name: 'test',
    classes: Array.from({ length: classes }, (_, i) => `class ${i}`),
    channels,
    height,
    width,
    train,
    val,
    test,
  };
  return {
    ...content,
    normalisation: measureNormalisation(train, channels),
    fingerprint: fingerprintOf(content),
  };
}

/** One-pixel grey images: `[label, value]` each, so that equal values are equal images. */
export function pixelSplit(name: string, pixels: readonly (readonly [number, number])[]): SourceSplit {
  const images = Uint8Array.from(pixels, ([, value]) => value);
  return {
    count: pixels.length,
    images,
    labels: Uint16Array.from(pixels, ([label]) => label),
    names: pixels.map((_, i) => `${name}/${i}`),
    hashes: pixels.map((_, i) => hashPixels(images.subarray(i, i + 1), 1, 1)),
  };
}

export function pixelSource(classes: readonly string[], splits: ImageSource['splits']): ImageSource {
  const size = { width: 1, height: 1 };
  const sizes = { min: size, median: size, max: size };
  return { format: 'test', classes, channels: 1, ...size, splits, sizes, unreadable: [], notes: [] };
}
