/** Apart from the forests: each takes a minute, and test files run side by side. */
import { test } from 'vitest';
import { strategySuite } from '../../testing/index.ts';
import { STRATEGIES } from '../index.ts';

for (const name of ['gp', 'gp-ei', 'gp-ts'] as const) strategySuite(test, STRATEGIES[name]);
