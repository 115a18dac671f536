/**
 * Uniform crossover (Syswerda 1989) by matching paths: every decision that both parents take is inherited from either
 * with equal probability; a part that only the chosen parent has comes from it whole.
 */
import type { Random } from '../random.ts';
import { type Choice, closeVariant, openVariant, sharedChoices } from './choice.ts';
import { mapParts, sharedValues } from './decisions.ts';
import type { Genome } from './genome.ts';
import type { SearchSpace } from './space.ts';

/**
 * A child of two valid genomes of the space, by uniform crossover (Syswerda 1989): each decision that both parents
 * take comes from either with equal probability; a part that only the chosen parent has comes from it whole. Always
 * valid; shared choices are inherited once for all their places. Genomes that are not of the space are not noticed:
 * see `validateGenome`.
 */
export function crossGenomes(
  space: Pick<SearchSpace, 'root'>,
  mother: Genome,
  father: Genome,
  random: Random,
): Genome {
  const tied = new Map<string, Genome>();
  const [fromMother, fromFather] = [sharedValues(space.root, mother), sharedValues(space.root, father)];
  for (const [name, choice] of sharedChoices(space.root)) {
    const [a, b] = [fromMother.get(name), fromFather.get(name)];
    const value = a === undefined || b === undefined ? (a ?? b) : cross(choice, a, b);
    if (value !== undefined) tied.set(name, value);
  }
  return cross(space.root, mother, father);

  function cross(choice: Choice, a: Genome, b: Genome): Genome {
    switch (choice.kind) {
      case 'optional':
        return a !== null && b !== null ? cross(choice.choice, a, b) : either(choice, a, b);
      case 'repeat': {
        const [short, long] = [a as readonly Genome[], b as readonly Genome[]].sort(
          (x, y) => x.length - y.length,
        );
        const length = random.pick([short!.length, long!.length]);
        return Array.from({ length }, (_, i) =>
          i < short!.length ? cross(choice.choice, short![i]!, long![i]!) : retie(choice.choice, long![i]!),
        );
      }
      case 'struct': {
        const [x, y] = [a as Readonly<Record<string, Genome>>, b as Readonly<Record<string, Genome>>];
        return Object.fromEntries(
          Object.entries(choice.fields).map(([name, field]) => [name, cross(field, x[name]!, y[name]!)]),
        );
      }
      case 'variant': {
        const [x, y] = [openVariant(choice, a), openVariant(choice, b)];
        if (x.kind !== y.kind) return either(choice, a, b);
        return closeVariant(x.kind, x.option, cross(x.option, x.inner, y.inner));
      }
      case 'shared':
        return tied.get(choice.name)!;
      default:
        return either(choice, a, b);
    }
  }

  function either(choice: Choice, a: Genome, b: Genome): Genome {
    return retie(choice, random.int(2) === 0 ? a : b);
  }

  /** A part taken whole, with the child's values of the shared choices. */
  function retie(choice: Choice, genome: Genome): Genome {
    return mapParts(choice, genome, (part) => (part.kind === 'shared' ? tied.get(part.name)! : undefined));
  }
}
