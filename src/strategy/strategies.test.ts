import { test } from 'vitest';
import { strategySuite } from '../testing/index.ts';
import { STRATEGIES } from './index.ts';

// Those with predictors take longest, and stand in a file of their own, which runs beside this one.
const { auto: _auto, gp: _gp, forest: _forest, bananas: _bananas, ...others } = STRATEGIES;
for (const strategy of Object.values(others)) strategySuite(test, strategy);
