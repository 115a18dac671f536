/** Additions after which 16 bits might be full: each adds two bytes. */
const MOST_ADDED = 128;

/** The sum of `length` bytes from `from` on: four at a time, added up in the two halves of a 32-bit number. */
export function sumOfBytes(bytes: Uint8Array, from: number, length: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset + from, length);
  const whole = length & ~3;
  let sum = 0;
  for (let begin = 0; begin < whole; ) {
    const end = Math.min(whole, begin + 4 * MOST_ADDED);
    let halves = 0;
    for (let at = begin; at < end; at += 4) {
      const four = view.getInt32(at, true);
      halves = (halves + (four & 0xff00ff) + ((four >>> 8) & 0xff00ff)) | 0;
    }
    sum += (halves & 0xffff) + (halves >>> 16);
    begin = end;
  }
  for (let at = whole; at < length; at++) sum += view.getUint8(at);
  return sum;
}
