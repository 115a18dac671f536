/** Numbers of 16 bits that are the upper half of a float32 (brain floating point): its range, 8 bits of precision. */

/** @param bits as tensors of bfloat16 hold them */
export function fromBfloat16(bits: Uint16Array): Float32Array {
  const words = Uint32Array.from(bits, (upper) => upper * 0x10000);
  return new Float32Array(words.buffer);
}

/** To the nearest, ties to even. */
export function toBfloat16(values: Float32Array): Uint16Array {
  const words = new Uint32Array(Float32Array.from(values).buffer);
  return Uint16Array.from(words, (word) => {
    // Rounding could carry a NaN over to infinity.
    if ((word & 0x7fffffff) > 0x7f800000) return (word >>> 16) | 0x40;
    return (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
  });
}
