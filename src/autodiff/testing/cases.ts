/** All operators with gradients, on fixed and on drawn shapes. */
import { createRandom } from '../../random.ts';
import { COMPOSITE_CASES } from './composite-cases.ts';
import { INDEXING_CASES } from './indexing-cases.ts';
import type { OperatorCase } from './operator-case.ts';
import { convolutionCases, OPERATOR_CASES, transposedConvolutionCases } from './operator-cases.ts';
import { randomCases } from './random-cases/index.ts';

const random = createRandom('gradients');

export const FIXED_CASES: readonly OperatorCase[] = [
  ...OPERATOR_CASES,
  ...INDEXING_CASES,
  ...COMPOSITE_CASES,
];

export const CASES: readonly OperatorCase[] = [
  ...FIXED_CASES,
  ...convolutionCases(random.split('conv'), 40),
  ...transposedConvolutionCases(random.split('convTranspose'), 10),
  ...randomCases(random.split('families')),
];
