/** The work of a network: what its kernels do, summed by kind and by family. */
import type { Kernel } from './kernels.ts';

/**
 * Amounts by name: `Conv dense stride 1/macs` of a family, `Conv dense stride 1: Conv 3x3 stride 1/macs` of a kind in
 * it; `run` is the call of the network itself, 1.
 */
export type Work = ReadonlyMap<string, number>;

const OF_A_KIND = ': ';

interface Parts {
  /** The family that an amount belongs to, or `run`. */
  readonly family: string;
  /** The kind of an amount of a kind; the family otherwise. */
  readonly kind: string;
  /** `macs`, `calls`…; empty for `run`. */
  readonly sort: string;
  /** Amounts of a kind come on top of its family's: most kinds need none, and a fit shrinks them harder. */
  readonly ofKind: boolean;
}

/** There are few names, and each prediction asks for all of them. */
const parsed = new Map<string, Parts>();

export function partsOf(name: string): Parts {
  const before = parsed.get(name);
  if (before) return before;
  const [path, sort = ''] = name.split('/');
  const [family, kind] = path!.split(OF_A_KIND);
  const parts = { family: family!, kind: kind ?? family!, sort, ofKind: kind !== undefined };
  parsed.set(name, parts);
  return parts;
}

export function workOf(kernels: readonly Kernel[]): Work {
  // Summed by kind first: names are made once for each kind, not for each of its many operators.
  const kinds = new Map<string, { readonly family: string; readonly amounts: Record<string, number> }>();
  for (const { family, kind, work } of kernels) {
    const known = kinds.get(kind);
    if (known === undefined) kinds.set(kind, { family, amounts: { ...work } });
    else for (const name in work) known.amounts[name] = (known.amounts[name] ?? 0) + work[name]!;
  }
  const total = new Map([['run', 1]]);
  for (const [kind, { family, amounts }] of kinds)
    for (const name in amounts) {
      const key = `${family}/${name}`;
      total.set(key, (total.get(key) ?? 0) + amounts[name]!);
      if (kind !== family) total.set(`${family}${OF_A_KIND}${kind}/${name}`, amounts[name]!);
    }
  return total;
}
