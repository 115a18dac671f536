/** Mutation: the smallest step in a search space, one decision taken otherwise. */
import type { Random } from '../random.ts';
import { type Choice, closeVariant, openVariant, type VariantChoice } from './choice.ts';
import {
  type DecidingChoice,
  decisionPath,
  isOpen,
  listDecisions,
  mapParts,
  sharedValues,
} from './decisions.ts';
import type { Genome } from './genome.ts';
import { drawPart } from './sampling.ts';
import type { SearchSpace } from './space.ts';
import { isValidPart } from './validation.ts';

/**
 * A genome that differs from the given valid one in exactly one decision, or after `decisions` such steps at
 * different decisions (fewer where the genome has fewer). Decisions are chosen uniformly and change to any other
 * outcome with equal probability; subsets gain, lose or swap one item. Choices that a change brings into being are
 * drawn uniformly; those that remain are kept: a longer list keeps its items, another alternative keeps what it has
 * in common with the former one. A genome without any open decision is returned as it is.
 * @param decisions steps, ≥ 1; 1 by default
 */
export function mutateGenome(
  space: Pick<SearchSpace, 'root'>,
  genome: Genome,
  random: Random,
  decisions = 1,
): Genome {
  const changed = new Set<string>();
  let result = genome;
  while (changed.size < decisions) {
    const open = listDecisions(space, result).filter((decision) => !changed.has(decision.path));
    if (open.length === 0) break;
    const target = random.pick(open);
    const shared = sharedValues(space.root, result);
    const replacement = otherwise(target.choice, target.value, random, shared);
    result = mapParts(space.root, result, (choice, _, place) =>
      isOpen(choice) && decisionPath(choice, place) === target.path ? replacement : undefined,
    );
    changed.add(target.path);
  }
  return result;
}

/** The part with its own decision changed. */
function otherwise(
  choice: DecidingChoice,
  value: Genome,
  random: Random,
  shared: Map<string, Genome>,
): Genome {
  switch (choice.kind) {
    case 'optional':
      return value === null ? drawPart(choice.choice, random, shared) : null;
    case 'repeat': {
      const items = value as readonly Genome[];
      const length = otherIndex(choice.max - choice.min + 1, items.length - choice.min, random) + choice.min;
      return Array.from({ length }, (_, i) =>
        i < items.length ? items[i]! : drawPart(choice.choice, random, shared),
      );
    }
    case 'subset':
      return otherSubset(choice, value as readonly Genome[], random);
    case 'variant':
      return otherAlternative(choice, value, random, shared);
    case 'oneOf':
      return random.pick(choice.values.filter((other) => other !== value));
    default: {
      let drawn = value;
      while (drawn === value) drawn = drawPart(choice, random, shared);
      return drawn;
    }
  }
}

/** An index below `count` other than `current`, uniformly. */
function otherIndex(count: number, current: number, random: Random): number {
  const index = random.int(count - 1);
  return index < current ? index : index + 1;
}

/** A neighbour: one item more or less where the bounds allow, otherwise one item for another. */
function otherSubset(
  choice: DecidingChoice & { readonly kind: 'subset' },
  value: readonly Genome[],
  random: Random,
): Genome {
  const without = value.length > choice.min ? [...value] : [];
  const more = value.length < choice.max ? choice.items.filter((item) => !value.includes(item)) : [];
  const toggled = new Set<Genome>();
  if (without.length + more.length > 0) toggled.add(random.pick([...without, ...more]));
  else toggled.add(random.pick(value)).add(random.pick(choice.items.filter((item) => !value.includes(item))));
  return choice.items.filter((item) => value.includes(item) !== toggled.has(item));
}

function otherAlternative(
  choice: VariantChoice,
  value: Genome,
  random: Random,
  shared: Map<string, Genome>,
): Genome {
  const former = openVariant(choice, value);
  const [kind, option] = random.pick(Object.entries(choice.options).filter(([name]) => name !== former.kind));
  const kept = former.option.kind === 'struct' ? (former.inner as Readonly<Record<string, Genome>>) : {};
  if (option.kind !== 'struct') return closeVariant(kind, option, drawPart(option, random, shared));
  const fields = Object.entries(option.fields).map(([name, field]) => [name, keep(field, kept[name])]);
  return closeVariant(kind, option, Object.fromEntries(fields));

  function keep(field: Choice, before: Genome | undefined): Genome {
    if (before !== undefined && isValidPart(field, before, shared)) {
      for (const [name, tied] of sharedValues(field, before)) shared.set(name, tied);
      return before;
    }
    return drawPart(field, random, shared);
  }
}
