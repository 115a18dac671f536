/**
 * Random changes to one training image, written straight into a batch as normalised floats.
 *
 * Two ways through: images that are only shifted, mirrored or recoloured are gathered through a table of 256 normalised
 * values for each channel (a byte costs one look-up); rotation and scale sample bilinearly (warp.ts). Nothing large is
 * allocated per image, because at small image sizes the garbage collector would cost more than the arithmetic.
 */
import type { Random } from '../random.ts';
import type { Augmentation, ImageDataset } from './dataset.ts';
import { sumOfBytes } from './sum-of-bytes.ts';
import { createWarp, type Geometry, reflect } from './warp.ts';

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

/** Normalises and copies: the evaluation's way. */
export function plainWriter(layout: Layout): ImageWriter {
  const { channels, height, width } = layout;
  const table = normalisationTable(layout);
  const plane = height * width;
  return (images, from, out, to) => {
    for (let c = 0; c < channels; c++) {
      const entry = c * 256;
      for (let i = c * plane; i < (c + 1) * plane; i++) out[to + i] = table[entry + images[from + i]!]!;
    }
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
  const { channels, height, width } = layout;
  const plane = height * width;
  const normalise = normalisationTable(layout);
  const recoloured = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  const jittered = new Float32Array(channels * 256);
  const bytes = new Uint8Array(channels * plane);
  const columns = new Int32Array(width);
  const warp = augmentation.rotate > 0 || augmentation.scale > 0 ? createWarp(layout) : null;
  const jitter = augmentation.jitter;

  function gather(
    source: Uint8Array,
    from: number,
    table: Float32Array,
    out: Float32Array,
    to: number,
    geometry: Geometry,
  ): void {
    const { flip, flipVertical, dx, dy } = geometry;
    for (let x = 0; x < width; x++) {
      const column = reflect(x + dx, width);
      columns[x] = flip ? width - 1 - column : column;
    }
    // Between these columns nothing is reflected, so bytes follow each other with a constant step.
    const first = Math.min(width, Math.max(0, -dx));
    const last = Math.max(first, Math.min(width, width - dx));
    const unrolled = last - ((last - first) & 3);
    const step = flip ? -1 : 1;
    for (let y = 0; y < height; y++) {
      const line = reflect(y + dy, height);
      const sourceRow = from + (flipVertical ? height - 1 - line : line) * width;
      const targetRow = to + y * width;
      for (let c = 0; c < channels; c++) {
        const entry = c * 256;
        const row = sourceRow + c * plane;
        const target = targetRow + c * plane;
        for (let x = 0; x < first; x++) out[target + x] = table[entry + source[row + columns[x]!]!]!;
        let s = row + columns[Math.min(first, width - 1)]!;
        // Four at a time takes half the time of one at a time.
        for (let t = target + first; t < target + unrolled; t += 4) {
          out[t] = table[entry + source[s]!]!;
          out[t + 1] = table[entry + source[s + step]!]!;
          out[t + 2] = table[entry + source[s + 2 * step]!]!;
          out[t + 3] = table[entry + source[s + 3 * step]!]!;
          s += 4 * step;
        }
        for (let x = unrolled; x < width; x++) out[target + x] = table[entry + source[row + columns[x]!]!]!;
      }
    }
  }

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
    let source = images;
    let start = from;
    let table = normalise;
    if (jitter > 0) {
      const brightness = 1 + (2 * r.next() - 1) * jitter;
      const contrast = 1 + (2 * r.next() - 1) * jitter;
      if (channels === 3) {
        saturate(images, from, plane, 1 + (2 * r.next() - 1) * jitter, bytes);
        source = bytes;
        start = 0;
      }
      recolour(source, start, channels * plane, brightness, contrast, recoloured);
      if (warp === null) {
        for (let i = 0; i < jittered.length; i++) jittered[i] = normalise[(i & ~255) + recoloured[i & 255]!]!;
        table = jittered;
      }
    }
    if (warp !== null) warp(source, start, recoloured, out, to, geometry);
    else gather(source, start, table, out, to, geometry);
    if (augmentation.cutout > 0) erase(out, to, layout, augmentation.cutout, r);
  };
}

/** Moves each pixel of an RGB image away from (factor > 1) or towards its own grey. */
function saturate(images: Uint8Array, from: number, plane: number, factor: number, out: Uint8Array): void {
  for (let i = 0; i < plane; i++) {
    const red = images[from + i]!;
    const green = images[from + plane + i]!;
    const blue = images[from + 2 * plane + i]!;
    const rest = (1 - factor) * (LUMA[0] * red + LUMA[1] * green + LUMA[2] * blue) + 0.5;
    out[i] = clampByte(rest + factor * red);
    out[plane + i] = clampByte(rest + factor * green);
    out[2 * plane + i] = clampByte(rest + factor * blue);
  }
}

const clampByte = (value: number): number => (value < 0 ? 0 : Math.min(value, 255));

/** Changes the brightness, and the contrast about the image's mean. @param recoloured what each byte becomes, 256 values */
function recolour(
  source: Uint8Array,
  from: number,
  length: number,
  brightness: number,
  contrast: number,
  recoloured: Uint8Array,
): void {
  const mean = (brightness * sumOfBytes(source, from, length)) / length;
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
