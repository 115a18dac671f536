/** A number folded into 0 … 1 at the ends: cutting off would pile up there. */
export function mirrored(x: number): number {
  const folded = Math.abs(x % 2);
  return folded > 1 ? 2 - folded : folded;
}
