/** Search strategies by name. */
import { fail } from '../errors.ts';
import { STRATEGIES } from '../strategy/index.ts';
import type { Strategy } from '../strategy/strategy.ts';

/** @throws USAGE when there is none of that name */
export function findStrategy(name: string): Strategy {
  const found = (STRATEGIES as Readonly<Record<string, Strategy>>)[name];
  return (
    found ??
    fail('USAGE', {
      what: `There is no strategy "${name}"`,
      hint: `Use one of ${Object.keys(STRATEGIES).join(', ')}.`,
    })
  );
}
