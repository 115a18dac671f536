import { test } from 'vitest';
import { strategySuite } from '../testing/index.ts';
import { STRATEGIES } from './index.ts';

// Those with predictors take longest, and stand in a file of their own, which runs beside this one.
const ELSEWHERE: ReadonlySet<string> = new Set([
  'auto',
  'gp',
  'gp-ei',
  'gp-ts',
  'gp-ucb',
  'forest',
  'bananas',
]);
for (const [name, strategy] of Object.entries(STRATEGIES))
  if (!ELSEWHERE.has(name)) strategySuite(test, strategy);
