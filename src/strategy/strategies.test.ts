import { test } from 'vitest';
import { strategySuite } from '../testing/index.ts';
import { STRATEGIES } from './index.ts';

for (const strategy of Object.values(STRATEGIES)) strategySuite(test, strategy);
