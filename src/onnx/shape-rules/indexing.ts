/** Operators that pick elements by index. */
import { intAttribute } from '../attributes.ts';
import { input, integers, normalAxis, type ShapeRule } from './context.ts';

const gather: ShapeRule = (c) => {
  const x = input(c, 0);
  const axis = normalAxis(intAttribute(c.attributes, 'axis', 0), x.shape.length);
  return [
    { dtype: x.dtype, shape: [...x.shape.slice(0, axis), ...input(c, 1).shape, ...x.shape.slice(axis + 1)] },
  ];
};

const topK: ShapeRule = (c) => {
  const x = input(c, 0);
  const axis = normalAxis(intAttribute(c.attributes, 'axis', -1), x.shape.length);
  const shape = x.shape.map((d, i) => (i === axis ? integers(c, 1)[0]! : d));
  return [
    { dtype: x.dtype, shape },
    { dtype: 'int64', shape },
  ];
};

export const INDEXING_RULES: Readonly<Record<string, ShapeRule>> = {
  Gather: gather,
  GatherElements: (c) => [{ dtype: input(c, 0).dtype, shape: input(c, 1).shape }],
  TopK: topK,
};
