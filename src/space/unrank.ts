/**
 * The bijection from 0 … size-1 to genomes. Uniform sampling and enumeration are both one call of it.
 *
 * Ranks are mixed-radix: a rank below a·b splits into one below a and one below b. Tied choices are handled as in
 * size.ts: first the set of shared names that the genome uses, then a part that uses exactly that set.
 */
import { type Choice, closeVariant, type FloatChoice, sharedChoices } from './choice.ts';
import type { Genome } from './genome.ts';
import {
  binomial,
  type Counts,
  counts,
  type NameSet,
  namesOf,
  sharedSize,
  suffixCounts,
  unite,
} from './size.ts';

/** What a part needs from outside: the values of the shared names, and where floats come from. */
interface Context {
  readonly shared: ReadonlyMap<string, Genome>;
  readonly drawFloat: (choice: FloatChoice) => number;
}

/**
 * The genome with number `rank` in 0 … countGenomes(root, shared) - 1. Names already in `shared` keep their value;
 * the others that the genome uses are added to it.
 */
export function unrank(
  root: Choice,
  rank: bigint,
  shared: Map<string, Genome>,
  drawFloat: (choice: FloatChoice) => number,
): Genome {
  let rest = rank;
  for (const [set, number] of counts(root)) {
    const names = namesOf(set);
    const block = names.reduce((size, name) => size * sharedSize(root, name, shared), number);
    if (rest >= block) {
      rest -= block;
      continue;
    }
    const context = { shared, drawFloat };
    const own = rest % number;
    rest /= number;
    for (const name of names) {
      if (shared.has(name)) continue;
      const size = sharedSize(root, name);
      shared.set(name, part(sharedChoices(root).get(name)!, '', rest % size, context));
      rest /= size;
    }
    return part(root, set, own, context);
  }
  throw new RangeError(`rank ${rank} is beyond the size of the choice tree`);
}

/** The `rank`-th genome of a part among those that use exactly the shared names `set`. */
function part(choice: Choice, set: NameSet, rank: bigint, context: Context): Genome {
  let rest = rank;
  switch (choice.kind) {
    case 'oneOf':
      return choice.values[Number(rank)]!;
    case 'int':
      return choice.lo + Number(rank) * choice.step;
    case 'float':
      return context.drawFloat(choice);
    case 'optional':
      if (set === '') {
        if (rest === 0n) return null;
        rest -= 1n;
      }
      return part(choice.choice, set, rest, context);
    case 'repeat': {
      const powers = suffixCounts(choice);
      for (let length = choice.min; length <= choice.max; length++) {
        const block = powers[length]!.get(set) ?? 0n;
        if (rest < block) {
          const items = new Array<Choice>(length).fill(choice.choice);
          return sequence(items, (i) => powers[length - i]!, set, rest, context);
        }
        rest -= block;
      }
      break;
    }
    case 'subset':
      for (let size = choice.min; size <= choice.max; size++) {
        const block = binomial(choice.items.length, size);
        if (rest < block) return combination(choice.items, size, rest);
        rest -= block;
      }
      break;
    case 'struct': {
      const names = Object.keys(choice.fields);
      const suffixes = suffixCounts(choice);
      const values = sequence(Object.values(choice.fields), (i) => suffixes[i]!, set, rest, context);
      return Object.fromEntries(values.map((value, i) => [names[i]!, value]));
    }
    case 'variant':
      for (const [kind, option] of Object.entries(choice.options)) {
        const block = counts(option).get(set) ?? 0n;
        if (rest < block) return closeVariant(kind, option, part(option, set, rest, context));
        rest -= block;
      }
      break;
    case 'shared':
      return context.shared.get(choice.name)!;
  }
  throw new RangeError(`rank ${rank} is beyond the size of a ${choice.kind}`);
}

/** Parts side by side that together use exactly `set`; `suffix(i)` counts the parts from the i-th on. */
function sequence(
  parts: readonly Choice[],
  suffix: (i: number) => Counts,
  set: NameSet,
  rank: bigint,
  context: Context,
): Genome[] {
  const values: Genome[] = [];
  let rest = rank;
  let wanted = set;
  next: for (const [i, choice] of parts.entries()) {
    for (const [own, ownCount] of counts(choice))
      for (const [later, laterCount] of suffix(i + 1)) {
        if (unite(own, later) !== wanted) continue;
        const block = ownCount * laterCount;
        if (rest < block) {
          values.push(part(choice, own, rest / laterCount, context));
          rest %= laterCount;
          wanted = later;
          continue next;
        }
        rest -= block;
      }
    throw new RangeError(`rank ${rank} is beyond the size of a sequence`);
  }
  return values;
}

/** The `rank`-th selection of `size` items in lexicographic order, in the items' order. */
function combination(items: readonly Genome[], size: number, rank: bigint): Genome[] {
  const chosen: Genome[] = [];
  let rest = rank;
  for (const [i, item] of items.entries()) {
    if (chosen.length === size) break;
    const withItem = binomial(items.length - i - 1, size - chosen.length - 1);
    if (rest < withItem) chosen.push(item);
    else rest -= withItem;
  }
  return chosen;
}
