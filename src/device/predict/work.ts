/** The work of a network: what its kernels do, summed by kind and by family. */
import type { Kernel } from './kernels.ts';

/**
 * Amounts by name: `Conv dense stride 1/macs` of a family, `Conv dense stride 1: Conv 3x3 stride 1/macs` of a kind in
 * it; `run` is the call of the network itself, 1.
 */
export type Work = ReadonlyMap<string, number>;

const OF_A_KIND = ': ';

/** Amounts of a kind come on top of its family's: most kinds need none, and a fit shrinks them harder. */
export const isOfKind = (name: string): boolean => name.includes(OF_A_KIND);

/** The family (or `run`) that an amount belongs to. */
export const familyOf = (name: string): string => name.split(/: |\//)[0]!;

/** The kind of an amount of a kind; the family otherwise. */
export const kindOf = (name: string): string => name.split(OF_A_KIND).at(-1)!.split('/')[0]!;

export function workOf(kernels: readonly Kernel[]): Work {
  const total = new Map([['run', 1]]);
  const add = (key: string, amount: number): unknown => total.set(key, (total.get(key) ?? 0) + amount);
  for (const { family, kind, work } of kernels)
    for (const [name, amount] of Object.entries(work)) {
      add(`${family}/${name}`, amount);
      if (kind !== family) add(`${family}${OF_A_KIND}${kind}/${name}`, amount);
    }
  return total;
}

/** The sum of one sort of amount over all families: `macs`, `weights`, `calls`… */
export function totalOf(work: Work, sort: string): number {
  let total = 0;
  for (const [name, amount] of work) if (!isOfKind(name) && name.endsWith(`/${sort}`)) total += amount;
  return total;
}
