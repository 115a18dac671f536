/**
 * Rotation, scale, shift and mirroring in one pass: bilinear sampling in fixed point with 16 bits behind the point, from a
 * plane that is written out beyond its edges first, so that the sampling knows no edges.
 */
import { reflect } from './reflect';

function recolour(table: usize, from: usize, to: usize): void {
  store<u8>(to, load<u8>(table + load<u8>(from)));
}

/**
 * Writes `high` rows of `wide` bytes to `area`: the endlessly reflected plane of `height` rows of `width` bytes at `plane`
 * from row `top` and column `left` on.
 * @param table what each byte is replaced with, 256 bytes
 */
export function writeOut(
  plane: usize,
  width: i32,
  height: i32,
  table: usize,
  area: usize,
  left: i32,
  top: i32,
  wide: i32,
  high: i32,
): void {
  // Between these columns bytes follow each other.
  const first = min(wide, max(0, -left));
  const last = max(first, min(wide, width - left));
  for (let y = 0; y < high; y++) {
    const row = plane + reflect(top + y, height) * width;
    const to = area + y * wide;
    for (let x = 0; x < first; x++) recolour(table, row + reflect(left + x, width), to + x);
    let x = first;
    for (; x + 3 < last; x += 4) {
      const from = row + left + x;
      recolour(table, from, to + x);
      recolour(table, from + 1, to + x + 1);
      recolour(table, from + 2, to + x + 2);
      recolour(table, from + 3, to + x + 3);
    }
    for (; x < last; x++) recolour(table, row + left + x, to + x);
    for (; x < wide; x++) recolour(table, row + reflect(left + x, width), to + x);
  }
}

const HALF_A_WEIGHT: i32 = 1 << 7;

/** A position in fixed point, with what rounds it to 1/256 of a pixel, the resolution of the weights. */
function fixed(position: f64): i32 {
  return i32(Math.floor(position * 65536 + 0.5)) + HALF_A_WEIGHT;
}

/** Four positions from `start` on. */
function fourFrom(start: i32, step: i32): v128 {
  return i32x4.add(i32x4.splat(start), i32x4.mul(i32x4.splat(step), i32x4(0, 1, 2, 3)));
}

/**
 * Samples `height` rows of `width` floats into `out`, bilinearly, from the `high` rows of `wide` bytes at `area`; up to 12
 * bytes behind the result are overwritten. Result pixel (i, j) is looked up at (x + xx·i + xy·j, y + yx·i + yy·j), with xx and
 * yx in fixed point; it is offset + scale·(65536·value).
 */
export function sample(
  area: usize,
  wide: i32,
  high: i32,
  out: usize,
  width: i32,
  height: i32,
  x: f64,
  xx: i32,
  xy: f64,
  y: f64,
  yx: i32,
  yy: f64,
  offset: f32,
  scale: f32,
): void {
  const below = area + wide;
  const pitch = i32x4.splat(wide);
  // The last four of a row may look beyond its end; what they find there is overwritten by the next row.
  const mostIndex = i32x4.splat(wide * (high - 1) - 2);
  const none = i32x4.splat(0);
  const byte = i32x4.splat(0xff);
  const bytes = i32x4.splat(0xff00ff);
  const half = i32x4.splat(0xffff);
  const one = i16x8.splat(256);
  const offsets = f32x4.splat(offset);
  const scales = f32x4.splat(scale);
  const stepX = i32x4.splat(4 * xx);
  const stepY = i32x4.splat(4 * yx);
  for (let j = 0; j < height; j++) {
    let sx = fourFrom(fixed(x + xy * j), xx);
    let sy = fourFrom(fixed(y + yy * j), yx);
    const begin = out + ((j * width) << 2);
    const end = begin + (width << 2);
    for (let to = begin; to < end; to += 16) {
      let index = i32x4.add(i32x4.mul(i32x4.shr_s(sy, 16), pitch), i32x4.shr_s(sx, 16));
      index = i32x4.max_s(none, i32x4.min_s(index, mostIndex));
      const a = i32x4.extract_lane(index, 0);
      const b = i32x4.extract_lane(index, 1);
      const c = i32x4.extract_lane(index, 2);
      const d = i32x4.extract_lane(index, 3);
      // Of two rows: the left neighbour in the low byte of each half, the right one in the high byte.
      let four = v128.load16_lane(area + a, none, 0);
      four = v128.load16_lane(below + a, four, 1);
      four = v128.load16_lane(area + b, four, 2);
      four = v128.load16_lane(below + b, four, 3);
      four = v128.load16_lane(area + c, four, 4);
      four = v128.load16_lane(below + c, four, 5);
      four = v128.load16_lane(area + d, four, 6);
      four = v128.load16_lane(below + d, four, 7);
      const fx = v128.and(i32x4.shr_u(sx, 8), byte);
      const weights = v128.or(fx, i32x4.shl(fx, 16));
      // A byte times a weight of at most 256 fits 16 bits.
      const two = i16x8.add(
        i16x8.mul(v128.and(four, bytes), i16x8.sub(one, weights)),
        i16x8.mul(v128.and(i32x4.shr_u(four, 8), bytes), weights),
      );
      const upper = v128.and(two, half);
      const rise = i32x4.sub(i32x4.shr_u(two, 16), upper);
      const fy = v128.and(i32x4.shr_u(sy, 8), byte);
      const value = f32x4.convert_i32x4_s(i32x4.add(i32x4.shl(upper, 8), i32x4.mul(fy, rise)));
      v128.store(to, f32x4.add(offsets, f32x4.mul(scales, value)));
      sx = i32x4.add(sx, stepX);
      sy = i32x4.add(sy, stepY);
    }
  }
}
