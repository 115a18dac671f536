/** The work of a network: what its kernels do, summed by kind and by family. */
import type { Kernel, KernelKind } from './kernels.ts';

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

/** The names of a kind's amounts: with the family they are summed, of the kind they come once; null where it is the family. */
interface Names {
  readonly ofFamily: readonly string[];
  readonly ofKind: readonly string[] | null;
}

const named = new Map<KernelKind, Names>();

function namesOf(kind: KernelKind): Names {
  const before = named.get(kind);
  if (before) return before;
  const { name, family, sorts } = kind;
  const names = {
    ofFamily: sorts.map((sort) => `${family}/${sort}`),
    ofKind: name === family ? null : sorts.map((sort) => `${family}${OF_A_KIND}${name}/${sort}`),
  };
  named.set(kind, names);
  return names;
}

export function workOf(kernels: readonly Kernel[]): Work {
  // Summed by kind first: names are looked up once for each kind, not for each of its many operators.
  const sums = new Map<KernelKind, number[]>();
  for (const { kind, amounts } of kernels) {
    const sum = sums.get(kind);
    if (sum === undefined) sums.set(kind, [...amounts]);
    else for (let i = 0; i < sum.length; i++) sum[i]! += amounts[i]!;
  }
  const total = new Map([['run', 1]]);
  for (const [kind, sum] of sums) {
    const { ofFamily, ofKind } = namesOf(kind);
    for (const [i, amount] of sum.entries()) {
      const name = ofFamily[i]!;
      total.set(name, (total.get(name) ?? 0) + amount);
      if (ofKind !== null) total.set(ofKind[i]!, amount);
    }
  }
  return total;
}
