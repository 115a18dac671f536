/** Draws a genome decision by decision, each by a rule of the caller's: a learnt policy, a density, a sequence of numbers. */
import { type Choice, closeVariant, intCount, type Scalar } from './choice.ts';
import { alternativePath, decisionPath, fieldPath, isOpen, itemPath, sharedPath } from './decisions.ts';
import { subsetPath } from './encoding.ts';
import type { Genome } from './genome.ts';
import type { SearchSpace } from './space.ts';

/** Paths are those of encodingSlots (encoding.ts). */
export interface DecisionRule {
  /** The index of the outcome, below `count`. */
  readonly pick: (path: string, count: number) => number;
  /** Where a number lies in its range (in its logarithm where the choice says so), 0 … 1. */
  readonly place: (path: string) => number;
}

/** A valid genome. Of a subset with too few or too many items, the first ones are added or the last ones left out. */
export function drawGuided({ root }: Pick<SearchSpace, 'root'>, { pick, place }: DecisionRule): Genome {
  const shared = new Map<string, Genome>();
  return draw(root, '');

  function draw(choice: Choice, path: string): Genome {
    const at = isOpen(choice) ? decisionPath(choice, path) : path;
    switch (choice.kind) {
      case 'oneOf':
        return choice.values[isOpen(choice) ? pick(at, choice.values.length) : 0]!;
      case 'int': {
        const count = intCount(choice);
        return choice.lo + choice.step * (count === 1 ? 0 : rounded(place(at), count));
      }
      case 'float': {
        const share = place(at);
        const { lo, hi, log } = choice;
        const value = log ? lo * (hi / lo) ** share : lo + (hi - lo) * share;
        return Math.min(hi, Math.max(lo, value));
      }
      case 'optional':
        return pick(at, 2) === 0 ? null : draw(choice.choice, path);
      case 'repeat': {
        const count = choice.max - choice.min + 1;
        const length = choice.min + (count === 1 ? 0 : rounded(place(at), count));
        return Array.from({ length }, (_, i) => draw(choice.choice, itemPath(path, i)));
      }
      case 'subset':
        // One that decides nothing has all items or none.
        return drawSubset(choice.items, choice.min, choice.max, isOpen(choice) ? at : null);
      case 'struct':
        return Object.fromEntries(
          Object.entries(choice.fields).map(([name, field]) => [name, draw(field, fieldPath(path, name))]),
        );
      case 'variant': {
        const kinds = Object.keys(choice.options);
        const kind = kinds[kinds.length > 1 ? pick(at, kinds.length) : 0]!;
        const option = choice.options[kind]!;
        return closeVariant(kind, option, draw(option, alternativePath(path, kind)));
      }
      case 'shared': {
        if (!shared.has(choice.name)) shared.set(choice.name, draw(choice.choice, sharedPath(choice.name)));
        return shared.get(choice.name)!;
      }
    }
  }

  function drawSubset(items: readonly Scalar[], min: number, max: number, path: string | null): Genome {
    const taken = items.map((item) => path !== null && pick(subsetPath(path, item), 2) === 1);
    let count = taken.filter(Boolean).length;
    for (let i = 0; i < items.length && count < min; i++)
      if (!taken[i]) [taken[i], count] = [true, count + 1];
    for (let i = items.length - 1; i >= 0 && count > max; i--)
      if (taken[i]) [taken[i], count] = [false, count - 1];
    return items.filter((_, i) => taken[i]);
  }
}

/** The nearest of `count` steps to a share of their range. */
const rounded = (share: number, count: number): number =>
  Math.min(count - 1, Math.max(0, Math.round(share * (count - 1))));
