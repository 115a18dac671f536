import { test } from 'vitest';
import { strategySuite } from '../../testing/index.ts';
import { STRATEGIES } from '../index.ts';

const { auto, gp, forest, bananas } = STRATEGIES;
for (const strategy of [auto, gp, forest, bananas]) strategySuite(test, strategy);
