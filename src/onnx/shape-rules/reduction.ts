/** Reductions over axes. */
import { intAttribute, intsAttribute } from '../attributes.ts';
import { input, integers, normalAxis, type ShapeRule, table } from './context.ts';

/** Axes as second input (opset 13/18 and later) or as attribute (earlier). */
const reduce: ShapeRule = (c) => {
  const x = input(c, 0);
  const keep = intAttribute(c.attributes, 'keepdims', 1) === 1;
  const listed = c.inputs[1] ? integers(c, 1) : intsAttribute(c.attributes, 'axes');
  const none = listed === null || listed.length === 0;
  if (none && intAttribute(c.attributes, 'noop_with_empty_axes', 0) === 1) return [x];
  const axes = new Set(none ? x.shape.map((_, i) => i) : listed.map((a) => normalAxis(a, x.shape.length)));
  const shape = x.shape.flatMap((d, i) => (axes.has(i) ? (keep ? [1] : []) : [d]));
  return [{ dtype: x.dtype, shape }];
};
const argReduce: ShapeRule = (c) => {
  const x = input(c, 0);
  const axis = normalAxis(intAttribute(c.attributes, 'axis', 0), x.shape.length);
  const keep = intAttribute(c.attributes, 'keepdims', 1) === 1;
  return [{ dtype: 'int64', shape: x.shape.flatMap((d, i) => (i === axis ? (keep ? [1] : []) : [d])) }];
};

/** Reductions over given axes. */
export const REDUCTIONS = [
  'ReduceSum',
  'ReduceMean',
  'ReduceMax',
  'ReduceMin',
  'ReduceProd',
  'ReduceSumSquare',
  'ReduceL1',
  'ReduceL2',
  'ReduceLogSum',
  'ReduceLogSumExp',
] as const;

export const REDUCTION_RULES: Readonly<Record<string, ShapeRule>> = {
  ...table(reduce, REDUCTIONS),
  ...table(argReduce, ['ArgMax', 'ArgMin']),
};
