/** The work of a network: what its kernels do, summed by kind and by family. */
import type { Kernel, KernelKind } from './kernels.ts';

/**
 * Amounts by name: `Conv dense stride 1/macs` of a family, `Conv dense stride 1: Conv 3x3 stride 1/macs` of a kind in
 * it; `run` is the call of the network itself, 1, and `run/weights of 2^20` what it reads of that many.
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

/** What tells kinds of one family apart: a call of another length, more for the same work. The rest is the family's. */
const OF_KINDS: ReadonlySet<string> = new Set(['calls', 'macs', 'moved', 'positions']);

/** The names of a kind's amounts, by its sorts; null where the kind has none of its own. */
interface Names {
  readonly ofFamily: readonly string[];
  readonly ofKind: readonly (string | null)[];
}

const named = new Map<KernelKind, Names>();

function namesOf(kind: KernelKind): Names {
  const before = named.get(kind);
  if (before) return before;
  const { name, family, sorts } = kind;
  const names = {
    ofFamily: sorts.map((sort) => `${family}/${sort}`),
    ofKind: sorts.map((sort) =>
      name === family || !OF_KINDS.has(sort) ? null : `${family}${OF_A_KIND}${name}/${sort}`,
    ),
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
  const total = new Map([[RUN, 1]]);
  let weights = 0;
  for (const [kind, sum] of sums) {
    const { ofFamily, ofKind } = namesOf(kind);
    for (const [i, amount] of sum.entries()) {
      if (amount === 0) continue;
      const name = ofFamily[i]!;
      total.set(name, (total.get(name) ?? 0) + amount);
      const own = ofKind[i]!;
      if (own !== null) total.set(own, amount);
      if (kind.sorts[i] === 'weights') weights += amount;
    }
  }
  addFetching(total, weights);
  return total;
}

const RUN = 'run';
const [FEWEST_WEIGHTS, MOST_WEIGHTS] = [16, 26];

/**
 * Every run reads all weights once. How long one takes depends on the memory that all of them fit into: the first, second or third
 * cache, or none, wherever these end on a machine. So all weights count at the powers of two below and above their number, by how
 * near it is, and the fit finds a curve through them.
 */
function addFetching(total: Map<string, number>, weights: number): void {
  const place = Math.min(MOST_WEIGHTS, Math.log2(weights));
  if (place < FEWEST_WEIGHTS) return;
  const below = Math.floor(place);
  const share = place - below;
  total.set(`${RUN}/weights of 2^${below}`, (1 - share) * weights);
  if (share > 0) total.set(`${RUN}/weights of 2^${below + 1}`, share * weights);
}
