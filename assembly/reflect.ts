/** Mirrors an index at the first and last pixel without repeating them, for any distance (…2 1 |0 1 2| 1 0…). */
export function reflect(index: i32, size: i32): i32 {
  if (<u32>index < <u32>size) return index;
  if (size === 1) return 0;
  const period = 2 * size - 2;
  const folded = ((index % period) + period) % period;
  return folded < size ? folded : period - folded;
}
