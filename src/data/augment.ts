/**
 * Random changes to one training image, written straight into a batch as normalised floats.
 *
 * Two ways through: images that are only shifted, mirrored or recoloured are gathered through a table of 256 normalised
 * values for each channel (a byte costs one look-up); rotation and scale sample bilinearly. Both are WebAssembly
 * (image-kernel.ts). Nothing large is allocated per image, because at small image sizes the garbage collector would cost more
 * than the arithmetic.
 */
import type { Random } from '../random.ts';
import type { Augmentation, ImageDataset } from './dataset.ts';
import type { Geometry } from './geometry.ts';
import { createImageKernel } from './image-kernel.ts';

/** Images as they are. */
export const NO_AUGMENTATION: Augmentation = {
  flip: false,
  flipVertical: false,
  shift: 0,
  cutout: 0,
  jitter: 0,
  rotate: 0,
  scale: 0,
  mixup: 0,
};

type Layout = Pick<ImageDataset, 'channels' | 'height' | 'width' | 'normalisation'>;

/** Writes the image of bytes that starts at `from` in `images`, changed at random, to `out` at `to`. */
export type ImageWriter = (images: Uint8Array, from: number, out: Float32Array, to: number) => void;

/** Rec. 601 luma, as grey conversion is done in most image libraries. */
const LUMA = [0.299, 0.587, 0.114] as const;

/** For each channel, byte → (byte/255 − mean)/std, 256 entries after another. */
function normalisationTable({ channels, normalisation }: Layout): Float32Array {
  const table = new Float32Array(channels * 256);
  for (let c = 0; c < channels; c++)
    for (let v = 0; v < 256; v++)
      table[c * 256 + v] = (v / 255 - normalisation.mean[c]!) / normalisation.std[c]!;
  return table;
}

const UNMOVED: Geometry = { flip: false, flipVertical: false, dx: 0, dy: 0, angle: 0, zoom: 1 };

/** Normalises and copies: the evaluation's way. */
export function plainWriter(layout: Layout): ImageWriter {
  const kernel = createImageKernel(layout);
  const table = normalisationTable(layout);
  return (images, from, out, to) => {
    kernel.load(images, from);
    kernel.gather(table, UNMOVED);
    kernel.store(out, to);
  };
}

/**
 * The training's way: flip, shift, rotation, scale, jitter, then cutout (mixup needs two images: see batches.ts). Each
 * call draws from `random()`, a fixed number of values for a given augmentation.
 */
export function augmentingWriter(
  layout: Layout,
  augmentation: Augmentation,
  random: () => Random,
): ImageWriter {
  const { channels } = layout;
  const kernel = createImageKernel(layout);
  const normalise = normalisationTable(layout);
  const recoloured = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  const jittered = new Float32Array(channels * 256);
  const { jitter } = augmentation;
  const warped = augmentation.rotate > 0 || augmentation.scale > 0;

  return (images, from, out, to) => {
    const r = random();
    const geometry: Geometry = {
      flip: augmentation.flip && r.next() < 0.5,
      flipVertical: augmentation.flipVertical && r.next() < 0.5,
      dx: augmentation.shift > 0 ? r.int(2 * augmentation.shift + 1) - augmentation.shift : 0,
      dy: augmentation.shift > 0 ? r.int(2 * augmentation.shift + 1) - augmentation.shift : 0,
      angle: augmentation.rotate > 0 ? ((2 * r.next() - 1) * augmentation.rotate * Math.PI) / 180 : 0,
      zoom: augmentation.scale > 0 ? 1 + (2 * r.next() - 1) * augmentation.scale : 1,
    };
    kernel.load(images, from);
    let table = normalise;
    if (jitter > 0) {
      const brightness = 1 + (2 * r.next() - 1) * jitter;
      const contrast = 1 + (2 * r.next() - 1) * jitter;
      if (channels === 3) kernel.saturate(1 + (2 * r.next() - 1) * jitter, LUMA);
      recolour(kernel.mean(), brightness, contrast, recoloured);
      if (!warped) {
        for (let i = 0; i < jittered.length; i++) jittered[i] = normalise[(i & ~255) + recoloured[i & 255]!]!;
        table = jittered;
      }
    }
    if (warped) kernel.warp(recoloured, geometry);
    else kernel.gather(table, geometry);
    kernel.store(out, to);
    if (augmentation.cutout > 0) erase(out, to, layout, augmentation.cutout, r);
  };
}

const clampByte = (value: number): number => (value < 0 ? 0 : Math.min(value, 255));

/** Changes the brightness, and the contrast about the image's mean. @param recoloured what each byte becomes, 256 values */
function recolour(imageMean: number, brightness: number, contrast: number, recoloured: Uint8Array): void {
  const mean = brightness * imageMean;
  for (let v = 0; v < 256; v++) recoloured[v] = clampByte(mean + contrast * (brightness * v - mean) + 0.5);
}

/** Sets a square about a uniformly drawn pixel to the data's mean, which is 0 after normalisation; clipped at edges. */
function erase(
  out: Float32Array,
  to: number,
  { channels, height, width }: Layout,
  side: number,
  random: Random,
): void {
  const top = random.int(height) - (side >> 1);
  const left = random.int(width) - (side >> 1);
  const firstX = Math.max(0, left);
  const lastX = Math.min(width, left + side);
  for (let c = 0; c < channels; c++)
    for (let y = Math.max(0, top); y < Math.min(height, top + side); y++) {
      const row = to + (c * height + y) * width;
      out.fill(0, row + firstX, row + lastX);
    }
}
