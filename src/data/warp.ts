/**
 * Rotation, scale, shift and mirroring of an image of bytes in one pass: bilinear sampling in fixed point.
 *
 * The part of the plane that the result looks at is written out first, reflected at the edges, so that the sampling loop
 * knows no edges. There two neighbours are one 16-bit read, and two rows are interpolated by one product: a byte times a
 * weight of at most 256 fits 16 bits, so that both halves of a 32-bit number are worked on at once. Twice as fast for grey
 * images as sampling in floats with the edges apart (docs/performance.md). Positions are rounded to 1/256 of a pixel, which
 * moves a value by less than one step of a byte.
 */
import type { ImageDataset } from './dataset.ts';

/** What an image is moved by: result pixels are looked up in the image, about its centre. */
export interface Geometry {
  readonly flip: boolean;
  readonly flipVertical: boolean;
  /** Pixels. */
  readonly dx: number;
  readonly dy: number;
  /** Radians. */
  readonly angle: number;
  readonly zoom: number;
}

/** Mirrors an index at the first and last pixel without repeating them, for any distance (…2 1 |0 1 2| 1 0…). */
export function reflect(index: number, size: number): number {
  if (index >= 0 && index < size) return index;
  if (size === 1) return 0;
  const period = 2 * size - 2;
  const folded = ((index % period) + period) % period;
  return folded < size ? folded : period - folded;
}

/** A pixel in the numbers of the sampling loop: 16 bits behind the point, so that it lies within ±32,767 pixels. */
const PIXEL = 1 << 16;
/** Half of a 256th of a pixel, the resolution of the weights. */
const HALF_A_WEIGHT = 1 << 7;

/**
 * Writes the image of bytes that starts at `from` in `images` to `out` at `to`.
 * @param recoloured what each byte is replaced with, 256 values
 */
export type Warp = (
  images: Uint8Array,
  from: number,
  recoloured: Uint8Array,
  out: Float32Array,
  to: number,
  geometry: Geometry,
) => void;

/** Results are normalised as `(byte/255 − mean) / std`. Buffers are kept from image to image. */
export function createWarp({
  channels,
  height,
  width,
  normalisation,
}: Pick<ImageDataset, 'channels' | 'height' | 'width' | 'normalisation'>): Warp {
  const plane = height * width;
  let view = new DataView(new ArrayBuffer(0));
  let columns = new Int32Array(0);

  /** Rows and columns `top`… and `left`… of the endlessly reflected plane, one row after the other. */
  function writeOut(source: Uint8Array, from: number, recoloured: Uint8Array, area: Area): void {
    const { left, top, wide, high } = area;
    const first = Math.min(wide, Math.max(0, -left));
    const last = Math.max(first, Math.min(wide, width - left));
    const target = view;
    for (let y = 0; y < high; y++) {
      const row = from + reflect(top + y, height) * width;
      const to = y * wide;
      for (let x = 0; x < first; x++) target.setUint8(to + x, recoloured[source[row + columns[x]!]!]!);
      // Between these columns bytes follow each other; four at a time take half the time of one at a time.
      const shift = row + left - to;
      let t = to + first;
      for (; t + 3 < to + last; t += 4) {
        const s = shift + t;
        const low = recoloured[source[s]!]! | (recoloured[source[s + 1]!]! << 8);
        const high = recoloured[source[s + 2]!]! | (recoloured[source[s + 3]!]! << 8);
        target.setInt32(t, low | (high << 16), true);
      }
      for (; t < to + last; t++) target.setUint8(t, recoloured[source[shift + t]!]!);
      for (let x = last; x < wide; x++) target.setUint8(to + x, recoloured[source[row + columns[x]!]!]!);
    }
  }

  return (images, from, recoloured, out, to, geometry) => {
    const map = mapOf(geometry, width, height);
    const area = areaOf(map, width, height);
    const { left, top, wide, high } = area;
    if (view.byteLength < wide * high) view = new DataView(new ArrayBuffer(2 * wide * high));
    if (columns.length < wide) columns = new Int32Array(2 * wide);
    for (let x = 0; x < wide; x++) columns[x] = reflect(left + x, width);
    const stepX = Math.round(map.xx * PIXEL);
    const stepY = Math.round(map.yx * PIXEL);
    for (let c = 0; c < channels; c++) {
      writeOut(images, from + c * plane, recoloured, area);
      const bytes = view;
      const std = normalisation.std[c]!;
      const offset = -normalisation.mean[c]! / std;
      const scale = 1 / (255 * PIXEL * std);
      for (let y = 0; y < height; y++) {
        let sx = Math.round((map.x + map.xy * y - left) * PIXEL) + HALF_A_WEIGHT;
        let sy = Math.round((map.y + map.yy * y - top) * PIXEL) + HALF_A_WEIGHT;
        const begin = to + c * plane + y * width;
        for (let o = begin; o < begin + width; o++) {
          const s = Math.imul(sy >> 16, wide) + (sx >> 16);
          const fx = (sx >> 8) & 255;
          // Of two rows: the left neighbour in the low byte of each half, the right one in the high byte.
          const four = bytes.getUint16(s, true) | (bytes.getUint16(s + wide, true) << 16);
          const two = Math.imul(four & 0xff00ff, 256 - fx) + Math.imul((four >>> 8) & 0xff00ff, fx);
          const upper = two & 0xffff;
          out[o] = offset + scale * ((upper << 8) + Math.imul((sy >> 8) & 255, (two >>> 16) - upper));
          sx = (sx + stepX) | 0;
          sy = (sy + stepY) | 0;
        }
      }
    }
  };
}

/** Where result pixel (x, y) is looked up: (x + xx·x + xy·y, y + yx·x + yy·y) with the offsets x and y. */
interface AffineMap {
  readonly x: number;
  readonly y: number;
  readonly xx: number;
  readonly xy: number;
  readonly yx: number;
  readonly yy: number;
}

function mapOf(
  { flip, flipVertical, dx, dy, angle, zoom }: Geometry,
  width: number,
  height: number,
): AffineMap {
  const cos = Math.cos(angle) / zoom;
  const sin = Math.sin(angle) / zoom;
  const mirrorX = flip ? -1 : 1;
  const mirrorY = flipVertical ? -1 : 1;
  const centreX = (width - 1) / 2;
  const centreY = (height - 1) / 2;
  return {
    x: mirrorX * (dx - cos * centreX - sin * centreY) + centreX,
    y: mirrorY * (dy + sin * centreX - cos * centreY) + centreY,
    xx: mirrorX * cos,
    xy: mirrorX * sin,
    yx: -mirrorY * sin,
    yy: mirrorY * cos,
  };
}

interface Area {
  readonly left: number;
  readonly top: number;
  readonly wide: number;
  readonly high: number;
}

/** All pixels that are looked up and their right and lower neighbours, with one around them for what is rounded. */
function areaOf({ x, y, xx, xy, yx, yy }: AffineMap, width: number, height: number): Area {
  const range = (start: number, perColumn: number, perRow: number): readonly [number, number] => {
    const ends = [perColumn * (width - 1), perRow * (height - 1)];
    const least = ends.reduce((sum, end) => sum + Math.min(0, end), start);
    const most = ends.reduce((sum, end) => sum + Math.max(0, end), start);
    return [Math.floor(least) - 1, Math.floor(most) + 2];
  };
  const [left, right] = range(x, xx, xy);
  const [top, bottom] = range(y, yx, yy);
  return { left, top, wide: right - left + 1, high: bottom - top + 1 };
}
