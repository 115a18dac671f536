/**
 * An image classification data set in memory: decoded bytes, labels, splits.
 *
 * Images are uint8, planar [channels, height, width] each, one after another: the layout the training batches need, so
 * that a batch is filled by linear copies.
 */

export interface ImageSplit {
  readonly count: number;
  /** count × channels × height × width bytes. */
  readonly images: Uint8Array;
  /** Class index of each image. */
  readonly labels: Uint16Array;
}

/** The splits of a data set: `val` decides in a search, `test` is looked at once. */
export type SplitName = 'train' | 'val' | 'test';

/** Per-channel mean and standard deviation of the training images, on the 0..1 scale. */
export interface Normalisation {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** Images of one size with one class each, in three splits, and how they are to be normalised. */
export interface ImageDataset {
  readonly name: string;
  readonly classes: readonly string[];
  readonly channels: 1 | 3;
  readonly height: number;
  readonly width: number;
  readonly train: ImageSplit;
  readonly val: ImageSplit;
  /** Null when the source has no test images and none were split off. */
  readonly test: ImageSplit | null;
  readonly normalisation: Normalisation;
  /** SHA-256 over shapes, classes, images and labels: equal for equal data. */
  readonly fingerprint: string;
}

/** Which random changes training images get. All probabilities and shares in 0..1. */
export interface Augmentation {
  /** Horizontal mirror images with probability ½. */
  readonly flip: boolean;
  readonly flipVertical: boolean;
  /** Largest shift in pixels, both axes; what comes in is the edge-reflected image (random crop with padding). */
  readonly shift: number;
  /** Side of the erased square in pixels; 0 for none (DeVries & Taylor 2017). */
  readonly cutout: number;
  /** Brightness, contrast and (RGB) saturation factors drawn from [1-jitter, 1+jitter]. */
  readonly jitter: number;
  /** Largest rotation in degrees and scale change; 0 for none. Bilinear. */
  readonly rotate: number;
  readonly scale: number;
  /** Beta parameter of mixup (Zhang et al. 2018); 0 for none. */
  readonly mixup: number;
}
