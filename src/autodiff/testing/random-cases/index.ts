/** Cases of random shapes, axes, strides, paddings and broadcasts, for every family of operators. */
import type { Random } from '../../../random.ts';
import type { OperatorCase } from '../operator-case.ts';
import * as arithmetic from './arithmetic.ts';
import type { Draw } from './draw.ts';
import * as norm from './norm.ts';
import * as structure from './structure.ts';
import * as window from './window.ts';

/** A family's draw and how many cases of it. */
const FAMILIES: readonly (readonly [Draw, number])[] = [
  [arithmetic.arithmetic, 15],
  [arithmetic.unary, 20],
  [arithmetic.where, 4],
  [arithmetic.softmax, 6],
  [arithmetic.gemm, 8],
  [arithmetic.matmul, 10],
  [arithmetic.einsum, 15],
  [arithmetic.reduction, 15],
  [window.pool, 15],
  [window.sequence, 10],
  [window.resize, 10],
  [structure.slice, 8],
  [structure.split, 4],
  [structure.expand, 4],
  [structure.squeeze, 4],
  [structure.gather, 8],
  [structure.elements, 6],
  [structure.transpose, 5],
  [structure.concat, 5],
  [structure.pad, 8],
  [norm.norm, 8],
  [norm.batchNorm, 6],
];

/** The same cases for the same seed. */
export const randomCases = (random: Random): OperatorCase[] =>
  FAMILIES.flatMap(([draw, count], i) => {
    const stream = random.split(`${i}`);
    return Array.from({ length: count }, () => draw(stream));
  });
