/** How tables write architectures: as tuples and lists of integers. */
import { fail } from '../../errors.ts';

/** All integers of a tuple or list, flat: `(0,2,3)` or `[[(0,0),(1,5)]]`. @throws ARCHITECTURE when it holds other things */
export function archIntegers(text: string, benchmark: string): number[] {
  const parts = text.replace(/[()[\]\s]/g, '').split(',');
  const bad = parts.find((part) => !/^\d+$/.test(part));
  if (bad !== undefined) fail('ARCHITECTURE', { benchmark, text, reason: `"${bad}" is not an integer` });
  return parts.map(Number);
}
