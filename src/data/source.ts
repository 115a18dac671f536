/** What a reader hands over: decoded images of one size, in the splits that the source itself has. */
import type { SplitName } from './dataset.ts';

export interface SourceSplit {
  readonly count: number;
  /** Planar bytes [count, channels, height, width]. */
  readonly images: Uint8Array;
  readonly labels: Uint16Array;
  /** Of each image, as the report shows it: a path relative to the source, or a file and a position in it. */
  readonly names: readonly string[];
  /** Of each image's decoded pixels before any resizing: equal for equal images. */
  readonly hashes: readonly string[];
}

/** In pixels. */
export interface ImageSize {
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
}

export interface ImageSource {
  /** The format in words, e.g. "class folders". */
  readonly format: string;
  readonly classes: readonly string[];
  readonly channels: 1 | 3;
  readonly height: number;
  readonly width: number;
  /** A source without splits has `train` only. */
  readonly splits: Readonly<{ train: SourceSplit } & Partial<Record<'val' | 'test', SourceSplit>>>;
  /** Of the images as they are in the source; median by area. */
  readonly sizes: Readonly<Record<'min' | 'median' | 'max', ImageSize>>;
  readonly unreadable: readonly UnreadableImage[];
  /** Plain sentences for the report. */
  readonly notes: readonly string[];
}

/** An image that was left out. */
export interface UnreadableImage {
  /** Relative to the source. */
  readonly file: string;
  /** In words. */
  readonly reason: string;
}

/** What people call the splits in folder and file names. */
export const SPLIT_NAMES: Readonly<Record<string, SplitName>> = {
  train: 'train',
  training: 'train',
  val: 'val',
  valid: 'val',
  validation: 'val',
  dev: 'val',
  test: 'test',
  testing: 'test',
  t10k: 'test',
};
