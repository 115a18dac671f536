/** The quantile at `share` (0..1) of values, interpolated linearly as numpy does; values must not be empty. */
export function quantile(values: readonly number[], share: number): number {
  const ascending = [...values].sort((a, b) => a - b);
  const place = share * (ascending.length - 1);
  const below = Math.floor(place);
  const next = ascending[Math.min(below + 1, ascending.length - 1)]!;
  return ascending[below]! + (place - below) * (next - ascending[below]!);
}
