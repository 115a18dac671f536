import { type Choice, hasFloat } from '../space/choice.ts';
import { enumerateGenomes } from '../space/sampling.ts';
import { proposalOr } from './proposing.ts';
import type { Strategy, SuggestRequest } from './strategy.ts';

/** Genomes looked at before a grid counts as too large to go through. */
const LOOKED_AT = 100_000;
/** Levels of floats, one grid after another: each holds the one before. */
const LEVELS = [3, 5, 9, 17, 33];

/**
 * Every genome in the space's own order. Floats stand at evenly spaced levels (in their logarithm where the choice says
 * so): first their ends and middle, then the points between these, and so on; after the last grid at random.
 */
export const grid: Strategy = {
  name: 'grid',
  description: 'Goes through all genomes in order, floats on ever finer levels; for small spaces.',
  seedless: true,
  suggest(request) {
    const { space, listed, accept } = request;
    for (const all of hasFloat(space.root) ? grids(space) : [listed() ?? enumerateGenomes(space)]) {
      let looked = 0;
      for (const genome of all) {
        if (accept(genome)) return { genome };
        if (++looked >= LOOKED_AT) break;
      }
    }
    return proposalOr(request, null);
  },
};

const grids = (space: SuggestRequest['space']) =>
  LEVELS.map((levels) => enumerateGenomes({ ...space, root: levelled(space.root, levels) }));

/** The choice with every float as one of so many values. */
function levelled(choice: Choice, levels: number, done = new Map<Choice, Choice>()): Choice {
  const known = done.get(choice);
  if (known !== undefined) return known;
  const inner = (part: Choice): Choice => levelled(part, levels, done);
  const all = (parts: Readonly<Record<string, Choice>>) =>
    Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, inner(part)]));
  const result = ((): Choice => {
    switch (choice.kind) {
      case 'float': {
        const { lo, hi, log } = choice;
        const values = Array.from({ length: levels }, (_, i) => {
          const share = i / (levels - 1);
          if (i === levels - 1) return hi;
          return log ? lo * (hi / lo) ** share : lo + (hi - lo) * share;
        });
        return { kind: 'oneOf', values };
      }
      case 'optional':
      case 'repeat':
      case 'shared':
        return { ...choice, choice: inner(choice.choice) };
      case 'struct':
        return { ...choice, fields: all(choice.fields) };
      case 'variant':
        return { ...choice, options: all(choice.options) };
      default:
        return choice;
    }
  })();
  done.set(choice, result);
  return result;
}
