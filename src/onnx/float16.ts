/** Numbers of 16 bits (IEEE 754 binary16), which JavaScript engines of our age have no array for. */

const word = new Uint32Array(1);
const single = new Float32Array(word.buffer);

/** @param bits as tensors of float16 hold them */
export const fromFloat16 = (bits: Uint16Array): Float32Array =>
  Float32Array.from(bits, (half) => {
    const sign = half & 0x8000 ? -1 : 1;
    const exponent = (half >> 10) & 31;
    const fraction = half & 1023;
    if (exponent === 0) return sign * fraction * 2 ** -24;
    if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
    return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  });

/** To the nearest, ties to even; beyond 65504 infinite. */
export const toFloat16 = (values: Float32Array): Uint16Array =>
  Uint16Array.from(values, (value) => {
    single[0] = value;
    const bits = word[0]!;
    const sign = (bits >>> 16) & 0x8000;
    const magnitude = bits & 0x7fffffff;
    if (magnitude > 0x7f800000) return sign | 0x7e00;
    if (magnitude >= 0x477ff000) return sign | 0x7c00;
    // Subnormal: steps of 2^-24. A whole number of them is exact in a double, and so is the tie.
    if (magnitude < 0x38800000) return sign | roundToEven(Math.abs(value) * 2 ** 24);
    return sign | roundToEven((magnitude - 0x38000000) / 8192);
  });

function roundToEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  if (rest !== 0.5) return rest < 0.5 ? below : below + 1;
  return below % 2 === 0 ? below : below + 1;
}
