/**
 * Into how many strips the images of a weight gradient are cut, and which rows of X each strip reads.
 *
 * The kernels run through dY, their kernel, once for every six columns of the result. A block of images of dY is a
 * megabyte for 16 channels of 32×32 pixels: it falls out of the second-level cache each time. Strips of rows that
 * stand as images of their own make it small; neighbours share the rows that the taps reach over.
 */
import type { ConvolutionAttributes } from './convolution-attributes.ts';

/** Bytes of dY that the kernels run through at a time: fewer gain nothing more. */
const SMALL = 256 * 1024;

/** Up to so many bytes cutting does not pay: where it replaces a transpose, and where it is one pass more. */
const LARGE = 512 * 1024;
const LARGE_OF_ONE_BLOCK = 1024 * 1024;

/** A strip of fewer rows would repeat too many of X; one that stands as a view repeats none. */
const LEAST_ROWS = 16;
const LEAST_ROWS_OF_VIEWS = 8;

/** Blocks of output channels that the kernels compute together. */
const BLOCKS_AT_ONCE = 4;

/**
 * Into how many strips X is cut: a divisor of dY's height.
 * @param blocks of X's channels
 * @param dy channels, a multiple of `block`, height and width
 */
export function stripCount(block: number, blocks: number, dy: readonly [number, number, number]): number {
  const bytes = bytesAtOnce(block, dy);
  return bytes <= (blocks === 1 ? LARGE_OF_ONE_BLOCK : LARGE) ? 1 : divided(dy[1], bytes, LEAST_ROWS);
}

/** The same where nothing is cut (viewed-strips.ts). */
export function viewedStripCount(block: number, dy: readonly [number, number, number]): number {
  const bytes = bytesAtOnce(block, dy);
  return bytes <= LARGE ? 1 : divided(dy[1], bytes, LEAST_ROWS_OF_VIEWS);
}

/** Bytes of a block of images of dY that the kernels run through at a time. */
const bytesAtOnce = (block: number, [channels, height, width]: readonly [number, number, number]): number =>
  height * width * block * Math.min(channels, BLOCKS_AT_ONCE * block) * 4;

function divided(height: number, bytes: number, leastRows: number): number {
  let strips = 1;
  for (let s = 2; bytes / strips > SMALL && height / s >= leastRows; s++) if (height % s === 0) strips = s;
  return strips;
}

/** Rows of X that a strip of so many rows of dY reads. */
export const rowsRead = (rows: number, a: ConvolutionAttributes): number =>
  a.stride[0] * (rows - 1) + a.dilation[0] * (a.kernel[0] - 1) + 1;

/**
 * Rows of X for each strip of dY, strip after strip; `height` stands for a row of zeros, where a tap lies over the edge.
 * @param height of X
 * @param rows of dY in one strip
 */
export function rowsOfStrips(
  height: number,
  strips: number,
  rows: number,
  a: ConvolutionAttributes,
): readonly (readonly number[])[] {
  return Array.from({ length: strips }, (_, strip) => {
    const first = a.stride[0] * rows * strip - a.pads[0]!;
    return Array.from({ length: rowsRead(rows, a) }, (__, i) =>
      first + i >= 0 && first + i < height ? first + i : height,
    );
  });
}
