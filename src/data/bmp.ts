/** Windows bitmaps, which the image library does not read: 1, 4, 8, 24 and 32 bits a pixel, not compressed. */

export interface InterleavedImage {
  readonly width: number;
  readonly height: number;
  /** RGB bytes, row by row from the top. */
  readonly rgb: Uint8Array;
}

export const isBmp = (bytes: Uint8Array): boolean => bytes[0] === 0x42 && bytes[1] === 0x4d;

/** @throws Error with the reason in words; callers add the file's name */
export function decodeBmp(bytes: Uint8Array): InterleavedImage {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 54) throw new Error('the file is cut short');
  const pixels = view.getUint32(10, true);
  const headerSize = view.getUint32(14, true);
  const width = view.getInt32(18, true);
  const signedHeight = view.getInt32(22, true);
  const bits = view.getUint16(28, true);
  const compression = view.getUint32(30, true);
  const height = Math.abs(signedHeight);
  const masks = compression === 3 && bits === 32;
  if (headerSize < 40 || (compression !== 0 && !masks) || ![1, 4, 8, 24, 32].includes(bits))
    throw new Error(`this kind of BMP is not supported (${bits} bits, compression ${compression})`);
  if (width <= 0 || height === 0) throw new Error('the header is damaged');
  const stride = Math.ceil((width * bits) / 32) * 4;
  if (bytes.length < pixels + stride * height) throw new Error('the file is cut short');

  const rgb = new Uint8Array(width * height * 3);
  const palette = 14 + headerSize;
  for (let y = 0; y < height; y++) {
    // Positive heights are stored from the bottom up.
    const row = pixels + (signedHeight > 0 ? height - 1 - y : y) * stride;
    for (let x = 0; x < width; x++) {
      const at =
        bits >= 24
          ? row + (x * bits) / 8
          : palette +
            4 * ((bytes[row + ((x * bits) >> 3)]! >> (8 - bits - ((x * bits) & 7))) & ((1 << bits) - 1));
      const to = (y * width + x) * 3;
      rgb[to] = bytes[at + 2]!;
      rgb[to + 1] = bytes[at + 1]!;
      rgb[to + 2] = bytes[at]!;
    }
  }
  return { width, height, rgb };
}
