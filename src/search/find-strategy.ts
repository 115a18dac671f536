/** Search strategies by name. */
import { fail } from '../errors.ts';
import { didYouMean } from '../nearest.ts';
import { STRATEGIES } from '../strategy/index.ts';
import type { Strategy } from '../strategy/strategy.ts';

const BY_NAME: Readonly<Record<string, Strategy>> = STRATEGIES;

/** @throws USAGE when there is none of that name */
export function findStrategy(name: string): Strategy {
  const known = Object.keys(STRATEGIES);
  // What every object has, `toString` and its like, is no strategy.
  if (Object.hasOwn(BY_NAME, name)) return BY_NAME[name]!;
  return fail('USAGE', {
    what: `There is no strategy "${name}"`,
    hint: `${didYouMean(name, known)} Use one of ${known.join(', ')}.`.trim(),
  });
}
