/** All operators with gradients, on fixed and on drawn shapes. */
import { createRandom } from '../../random.ts';
import { COMPOSITE_CASES } from './composite-cases.ts';
import { INDEXING_CASES } from './indexing-cases.ts';
import type { OperatorCase } from './operator-case.ts';
import { OPERATOR_CASES } from './operator-cases.ts';
import { randomCases } from './random-cases/index.ts';
import { RECURRENT_CASES } from './recurrent-cases.ts';

/** Another seed draws other cases (then there are no recorded answers to them): ESPALIER_CASES_SEED=2 npx vitest … */
export const OTHER_SEED = process.env.ESPALIER_CASES_SEED;

export const FIXED_CASES: readonly OperatorCase[] = [
  ...OPERATOR_CASES,
  ...INDEXING_CASES,
  ...COMPOSITE_CASES,
  ...RECURRENT_CASES,
];

export const CASES: readonly OperatorCase[] = [
  ...FIXED_CASES,
  ...randomCases(createRandom(OTHER_SEED ?? 'gradients')),
];
