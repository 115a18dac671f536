/** Shifts and mirroring: every float of the result is looked up by a byte of the image. */
import { reflect } from './reflect';

function lookUp(table: usize, from: usize, to: usize): void {
  store<f32>(to, load<f32>(table + ((<usize>load<u8>(from)) << 2)));
}

/**
 * Writes `height` rows of `width` floats to `out`: pixel (x, y) is that of the endlessly reflected plane at (x + dx, y + dy),
 * mirrored after that.
 * @param table what each byte becomes, 256 floats
 */
export function gather(
  plane: usize,
  width: i32,
  height: i32,
  table: usize,
  out: usize,
  dx: i32,
  dy: i32,
  flip: bool,
  flipVertical: bool,
): void {
  // Between these columns nothing is reflected, so bytes follow each other with a constant step.
  const first = min(width, max(0, -dx));
  const last = max(first, min(width, width - dx));
  const step = flip ? -1 : 1;
  const start = flip ? width - 1 : 0;
  for (let y = 0; y < height; y++) {
    const line = reflect(y + dy, height);
    const row = plane + (flipVertical ? height - 1 - line : line) * width + start;
    const to = out + ((y * width) << 2);
    for (let x = 0; x < first; x++) lookUp(table, row + step * reflect(x + dx, width), to + (x << 2));
    let x = first;
    for (; x + 3 < last; x += 4) {
      const from = row + step * (x + dx);
      const target = to + (x << 2);
      lookUp(table, from, target);
      lookUp(table, from + step, target + 4);
      lookUp(table, from + 2 * step, target + 8);
      lookUp(table, from + 3 * step, target + 12);
    }
    for (; x < last; x++) lookUp(table, row + step * (x + dx), to + (x << 2));
    for (; x < width; x++) lookUp(table, row + step * reflect(x + dx, width), to + (x << 2));
  }
}
