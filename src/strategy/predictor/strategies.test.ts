import { test } from 'vitest';
import { strategySuite } from '../../testing/index.ts';
import { STRATEGIES } from '../index.ts';

const { auto, gp, forest, bananas, 'gp-ei': improvement, 'gp-ts': draws } = STRATEGIES;
for (const strategy of [auto, gp, improvement, draws, forest, bananas]) strategySuite(test, strategy);
