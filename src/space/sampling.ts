/**
 * Drawing and listing genomes.
 *
 * Two meanings of "uniform" are on offer. Over genomes (the default): every genome of the space is equally likely, so a
 * variant's alternatives and a repeat's lengths weigh as much as the genomes below them; long repeats dominate. Over
 * decisions: every decision on the way down is uniform by itself, so each depth is equally likely, and genomes of small
 * branches are each more likely than those of large ones. A float is drawn uniformly in its range in both, and counts as
 * one value when branches are weighed.
 */
import { fail } from '../errors.ts';
import type { Random } from '../random.ts';
import { type Choice, closeVariant, type FloatChoice, hasFloat } from './choice.ts';
import type { Genome } from './genome.ts';
import { countGenomes } from './size.ts';
import type { SearchSpace } from './space.ts';
import { unrank } from './unrank.ts';

/** A uniform float of the choice, in its logarithm where it says so. */
function drawFloat(choice: FloatChoice, random: Random): number {
  const { lo, hi, log } = choice;
  const share = random.next();
  const value = log ? lo * (hi / lo) ** share : lo + (hi - lo) * share;
  return Math.min(hi, Math.max(lo, value)); // rounding may step over the ends
}

/** A uniform integer in 0 … bound-1 of any size, by rejection. */
function drawBelow(bound: bigint, random: Random): bigint {
  const words = Math.ceil(bound.toString(2).length / 32);
  const range = 1n << BigInt(32 * words);
  const limit = range - (range % bound);
  for (;;) {
    let value = 0n;
    for (let i = 0; i < words; i++) value = (value << 32n) | BigInt(random.int(4294967296));
    if (value < limit) return value % bound;
  }
}

/**
 * A part of a genome, uniform among those that agree with the shared values decided so far; newly used shared names are
 * added to `shared`.
 */
export function drawPart(choice: Choice, random: Random, shared: Map<string, Genome>): Genome {
  const rank = drawBelow(countGenomes(choice, shared), random);
  return unrank(choice, rank, shared, (float) => drawFloat(float, random));
}

function drawDecisions(choice: Choice, random: Random, shared: Map<string, Genome>): Genome {
  const draw = (part: Choice): Genome => drawDecisions(part, random, shared);
  switch (choice.kind) {
    case 'optional':
      return random.int(2) === 0 ? null : draw(choice.choice);
    case 'repeat':
      return Array.from({ length: choice.min + random.int(choice.max - choice.min + 1) }, () =>
        draw(choice.choice),
      );
    case 'struct':
      return Object.fromEntries(Object.entries(choice.fields).map(([name, field]) => [name, draw(field)]));
    case 'variant': {
      const [kind, option] = random.pick(Object.entries(choice.options));
      return closeVariant(kind, option, draw(option));
    }
    case 'shared':
      if (!shared.has(choice.name)) shared.set(choice.name, draw(choice.choice));
      return shared.get(choice.name)!;
    default:
      return drawPart(choice, random, shared);
  }
}

/**
 * A random valid genome.
 * @param uniformOver `genomes` (default): all genomes are equally likely, so that long repeats dominate; `decisions`:
 *   every decision on the way down is uniform by itself, so that each depth is equally likely. A float counts as one
 *   value in the first
 */
export function sampleGenome(
  space: Pick<SearchSpace, 'root'>,
  random: Random,
  uniformOver: 'genomes' | 'decisions' = 'genomes',
): Genome {
  const draw = uniformOver === 'genomes' ? drawPart : drawDecisions;
  return draw(space.root, random, new Map());
}

/**
 * All genomes, each once, in a fixed order; lazy.
 * @throws SPACE_NOT_COUNTABLE when the space has a float, as the first one is asked for
 */
export function* enumerateGenomes(
  space: Pick<SearchSpace, 'root' | 'name'>,
): Generator<Genome, void, undefined> {
  const infinite = (): never =>
    fail('SPACE_NOT_COUNTABLE', {
      space: space.name,
      what: 'listed',
      reason: 'a float takes infinitely many values',
    });
  if (hasFloat(space.root)) infinite();
  const size = countGenomes(space.root);
  for (let rank = 0n; rank < size; rank++) yield unrank(space.root, rank, new Map(), infinite);
}
