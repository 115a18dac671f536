/** From the byte arrays of packed formats (IDX, npy, CIFAR) to planar images with names and hashes. */
import { createHash } from 'node:crypto';
import { fail } from '../errors.ts';
import type { ImageSource, SourceSplit } from './source.ts';

/** Of image bytes; half of a SHA-256 is enough to tell any two images apart. */
export function hashPixels(pixels: Uint8Array, width: number, height: number): string {
  return createHash('sha256').update(`${width}x${height}:`).update(pixels).digest('base64').slice(0, 22);
}

/** Planar bytes of interleaved ones: [count, pixels, channels] → [count, channels, pixels]. */
export function planarOf(interleaved: Uint8Array, count: number, channels: number): Uint8Array {
  if (channels === 1) return interleaved;
  const planar = new Uint8Array(interleaved.length);
  const size = count === 0 ? 0 : interleaved.length / count;
  const plane = size / channels;
  for (let start = 0; start < interleaved.length; start += size)
    for (let c = 0; c < channels; c++) {
      let from = start + c;
      for (let to = start + c * plane; to < start + (c + 1) * plane; to++, from += channels)
        planar[to] = interleaved[from]!;
    }
  return planar;
}

export interface PackedSplit {
  /** The file, for names: image i is `file#i`. */
  readonly file: string;
  readonly count: number;
  /** Planar. */
  readonly images: Uint8Array;
  readonly labels: Uint16Array;
}

interface PackedShape {
  readonly channels: 1 | 3;
  readonly height: number;
  readonly width: number;
}

export function packedSplit(split: PackedSplit, { height, width }: PackedShape): SourceSplit {
  const { file, count, images, labels } = split;
  const size = count === 0 ? 0 : images.length / count;
  const names = Array.from({ length: count }, (_, i) => `${file}#${i}`);
  const hashes = names.map((_, i) => hashPixels(images.subarray(i * size, (i + 1) * size), width, height));
  return { count, images, labels, names, hashes };
}

/** A source of images that all have the same size. */
export function packedSource(
  format: string,
  classes: readonly string[],
  shape: PackedShape,
  splits: ImageSource['splits'],
): ImageSource {
  const size = { width: shape.width, height: shape.height };
  const sizes = { min: size, median: size, max: size };
  return { format, classes, ...shape, splits, sizes, unreadable: [], notes: [] };
}

/** Joins splits one after another. */
export function joinSplits(splits: readonly SourceSplit[]): SourceSplit {
  const [only] = splits;
  if (splits.length === 1 && only) return only;
  const images = new Uint8Array(splits.reduce((sum, s) => sum + s.images.length, 0));
  const labels = new Uint16Array(splits.reduce((sum, s) => sum + s.count, 0));
  let byte = 0;
  let row = 0;
  for (const split of splits) {
    images.set(split.images, byte);
    labels.set(split.labels, row);
    byte += split.images.length;
    row += split.count;
  }
  return {
    count: labels.length,
    images,
    labels,
    names: splits.flatMap((s) => s.names),
    hashes: splits.flatMap((s) => s.hashes),
  };
}

/** Class indices from numbers. @throws DATA_CORRUPT for negative, broken or too large ones */
export function labelsOf(values: ArrayLike<number>, file: string): Uint16Array {
  const labels = new Uint16Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (!Number.isInteger(value) || value < 0 || value > 65_535)
      fail('DATA_CORRUPT', { file, reason: `label ${i} is ${value}, not a class index from 0` });
    labels[i] = value;
  }
  return labels;
}
