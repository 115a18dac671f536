/**
 * Exact size of a choice tree, tied choices included.
 *
 * The number of genomes of a part depends on which shared names it uses, because those are counted once for the whole
 * tree and not once for the place. A part is therefore counted as a polynomial in the shared names whose variables are
 * idempotent (x·x = x): a map from the set of names a genome uses to the number of genomes that use exactly these,
 * their values apart. Sums and products of such maps give the tree's; the names' own sizes are multiplied in at the end.
 */
import { type Choice, hasFloat, intCount, sharedChoices } from './choice.ts';
import type { SearchSpace } from './space.ts';

/** Sets of shared names as their sorted names joined by commas; `''` is the empty set. */
export type NameSet = string;
/** How many genomes use exactly a set of shared names. A float counts as one value. */
export type Counts = ReadonlyMap<NameSet, bigint>;

export const unite = (a: NameSet, b: NameSet): NameSet => {
  if (a === '' || a === b) return b;
  if (b === '') return a;
  return [...new Set([...a.split(','), ...b.split(',')])].sort().join(',');
};
export const namesOf = (set: NameSet): readonly string[] => (set === '' ? [] : set.split(','));

function addTo(target: Map<NameSet, bigint>, set: NameSet, count: bigint): void {
  target.set(set, (target.get(set) ?? 0n) + count);
}
function sum(parts: readonly Counts[]): Counts {
  const result = new Map<NameSet, bigint>();
  for (const part of parts) for (const [set, count] of part) addTo(result, set, count);
  return result;
}
function product(a: Counts, b: Counts): Counts {
  const result = new Map<NameSet, bigint>();
  for (const [setA, countA] of a)
    for (const [setB, countB] of b) addTo(result, unite(setA, setB), countA * countB);
  return result;
}
const ONE: Counts = new Map([['', 1n]]);

/** n over k. */
export function binomial(n: number, k: number): bigint {
  let result = 1n;
  for (let i = 0; i < k; i++) result = (result * BigInt(n - i)) / BigInt(i + 1);
  return k > n ? 0n : result;
}

const countsCache = new WeakMap<Choice, Counts>();
const suffixCache = new WeakMap<Choice, readonly Counts[]>();

/** Genomes of a part by the shared names they use. */
export function counts(choice: Choice): Counts {
  let result = countsCache.get(choice);
  if (!result) {
    result = count(choice);
    countsCache.set(choice, result);
  }
  return result;
}

function count(choice: Choice): Counts {
  switch (choice.kind) {
    case 'oneOf':
      return new Map([['', BigInt(choice.values.length)]]);
    case 'int':
      return new Map([['', BigInt(intCount(choice))]]);
    case 'float':
      return ONE;
    case 'optional':
      return sum([ONE, counts(choice.choice)]);
    case 'repeat':
      return sum(suffixCounts(choice).slice(choice.min));
    case 'subset': {
      let total = 0n;
      for (let k = choice.min; k <= choice.max; k++) total += binomial(choice.items.length, k);
      return new Map([['', total]]);
    }
    case 'struct':
      return suffixCounts(choice)[0]!;
    case 'variant':
      return sum(Object.values(choice.options).map(counts));
    case 'shared':
      return new Map([[choice.name, 1n]]);
  }
}

/**
 * For a struct: counts of the fields from the i-th on, together. For a repeat: counts of i repetitions together.
 * The running products are kept because unranking walks them for every genome.
 */
export function suffixCounts(choice: Choice & { readonly kind: 'struct' | 'repeat' }): readonly Counts[] {
  let result = suffixCache.get(choice);
  if (!result) {
    const products = [ONE];
    if (choice.kind === 'repeat')
      for (let i = 0; i < choice.max; i++) products.push(product(counts(choice.choice), products.at(-1)!));
    else
      for (const field of Object.values(choice.fields).reverse())
        products.unshift(product(counts(field), products[0]!));
    result = products;
    suffixCache.set(choice, result);
  }
  return result;
}

/** How many values a shared name can take; one where `decided` has it already. */
export function sharedSize(root: Choice, name: string, decided?: ReadonlyMap<string, unknown>): bigint {
  return decided?.has(name) ? 1n : counts(sharedChoices(root).get(name)!).get('')!;
}

/** Number of genomes where each float counts as one value and the `decided` shared names are fixed. */
export function countGenomes(root: Choice, decided?: ReadonlyMap<string, unknown>): bigint {
  let total = 0n;
  for (const [set, number] of counts(root))
    total += namesOf(set).reduce((size, name) => size * sharedSize(root, name, decided), number);
  return total;
}

/**
 * Exact number of genomes of a space, tied choices counted once, or null when a float makes it infinite. Genomes may
 * build the same network: see `networkHash`.
 */
export function spaceSize(space: Pick<SearchSpace, 'root'>): bigint | null {
  return hasFloat(space.root) ? null : countGenomes(space.root);
}
