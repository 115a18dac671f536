/**
 * An image classification data set in memory: decoded bytes, labels, splits.
 *
 * Images are uint8, planar [channels, height, width] each, one after another: the layout the training batches need, so
 * that a batch is filled by linear copies.
 */

/** Decoded images and their labels. */
export interface ImageSplit {
  /** Of images. */
  readonly count: number;
  /** count × channels × height × width bytes, planar: [count, channels, height, width]. */
  readonly images: Uint8Array;
  /** Class index of each image, from 0. */
  readonly labels: Uint16Array;
}

/** The splits of a data set: `val` decides in a search, `test` is looked at once. */
export type SplitName = 'train' | 'val' | 'test';

/** Per-channel mean and standard deviation of the training images, on the 0..1 scale. */
export interface Normalisation {
  /** Of each channel. */
  readonly mean: readonly number[];
  /** Of each channel, > 0. */
  readonly std: readonly number[];
}

/**
 * Images of one size with one class each, in three splits, and how they are to be normalised: (byte/255 − mean)/std.
 */
export interface ImageDataset {
  /** For reports. */
  readonly name: string;
  /** Names, by class index. */
  readonly classes: readonly string[];
  /** Grey or RGB. */
  readonly channels: 1 | 3;
  /** Pixels. */
  readonly height: number;
  /** Pixels. */
  readonly width: number;
  /** What networks learn from. */
  readonly train: ImageSplit;
  /** What candidates are compared on. */
  readonly val: ImageSplit;
  /** Null when the source has no test images and none were split off. */
  readonly test: ImageSplit | null;
  /** Of the training images. */
  readonly normalisation: Normalisation;
  /** SHA-256 over shapes, classes, images and labels: equal for equal data. */
  readonly fingerprint: string;
}

/** Which random changes training images get; 0 or false for none. Drawn anew for every image of every epoch. */
export interface Augmentation {
  /** Horizontal mirror images with probability ½. */
  readonly flip: boolean;
  /** Vertical mirror images with probability ½. */
  readonly flipVertical: boolean;
  /**
   * Largest shift in pixels, whole, both axes; what comes in is the edge-reflected image (random crop with padding).
   */
  readonly shift: number;
  /** Side of the erased square in pixels, whole (DeVries and Taylor 2017); it is cut off at the edges. */
  readonly cutout: number;
  /** Brightness, contrast and (RGB) saturation factors drawn from [1 − jitter, 1 + jitter]; 0..1. */
  readonly jitter: number;
  /** Largest rotation in degrees, either way; bilinear. */
  readonly rotate: number;
  /** Largest change of scale, as a share, either way; below 1; bilinear. */
  readonly scale: number;
  /** Parameter α of the Beta(α, α) that two images of a batch, and their labels, are mixed by (Zhang et al. 2018). */
  readonly mixup: number;
}
