import { fail } from '../../errors.ts';

/** Refuses sizes of the stack around a cell that no network has. @throws USAGE with the one that is no whole number ≥ 1 */
export function checkStackSize(space: string, sizes: Readonly<Record<'cells' | 'channels', number>>): void {
  for (const [name, size] of Object.entries(sizes))
    if (!Number.isInteger(size) || size < 1)
      fail('USAGE', {
        what: `${space}({ ${name}: ${size} }): ${name} is a whole number of 1 or more`,
        hint: `Write ${space}({ ${name}: 4 }), or leave it out for the benchmark's own.`,
      });
}
