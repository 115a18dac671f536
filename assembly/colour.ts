/** What is worked out of the colours of an image. */

/** The sum of `length` bytes. */
export function sum(bytes: usize, length: i32): f64 {
  let at = 0;
  let lanes = i64x2.splat(0);
  for (; at + 15 < length; at += 16) {
    const pairs = i16x8.extadd_pairwise_i8x16_u(v128.load(bytes + at));
    const fours = i32x4.extadd_pairwise_i16x8_u(pairs);
    lanes = i64x2.add(lanes, i64x2.add(i64x2.extend_low_i32x4_u(fours), i64x2.extend_high_i32x4_u(fours)));
  }
  let total = i64x2.extract_lane(lanes, 0) + i64x2.extract_lane(lanes, 1);
  for (; at < length; at++) total += load<u8>(bytes + at);
  return <f64>total;
}

/** Four bytes as floats. */
function fourFloats(from: usize): v128 {
  const bytes = v128.load32_zero(from);
  return f32x4.convert_i32x4_u(i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(bytes)));
}

/** Four floats as bytes, rounded down and clamped. */
function storeFour(to: usize, floats: v128): void {
  const whole = i32x4.trunc_sat_f32x4_s(floats);
  const words = i16x8.narrow_i32x4_u(whole, whole);
  v128.store32_lane(to, i8x16.narrow_i16x8_u(words, words), 0);
}

/**
 * Moves each pixel of an RGB image, planes of `length` bytes each `pitch` behind the other, away from (factor > 1) or towards
 * its own grey, which weighs the colours as given. In place; up to three bytes behind each plane are overwritten.
 */
export function saturate(
  image: usize,
  length: i32,
  pitch: i32,
  factor: f32,
  red: f32,
  green: f32,
  blue: f32,
): void {
  const factors = f32x4.splat(factor);
  const rest = f32x4.splat(1 - factor);
  for (let at = 0; at < length; at += 4) {
    const r = image + at;
    const g = r + pitch;
    const b = g + pitch;
    const reds = fourFloats(r);
    const greens = fourFloats(g);
    const blues = fourFloats(b);
    const grey = f32x4.add(
      f32x4.add(f32x4.mul(f32x4.splat(red), reds), f32x4.mul(f32x4.splat(green), greens)),
      f32x4.mul(f32x4.splat(blue), blues),
    );
    const base = f32x4.add(f32x4.mul(rest, grey), f32x4.splat(0.5));
    storeFour(r, f32x4.add(base, f32x4.mul(factors, reds)));
    storeFour(g, f32x4.add(base, f32x4.mul(factors, greens)));
    storeFour(b, f32x4.add(base, f32x4.mul(factors, blues)));
  }
}
