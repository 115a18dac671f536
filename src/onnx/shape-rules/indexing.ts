/** Operators that pick elements by index. */
import { intAttribute } from '../attributes.ts';
import { constantInput, fixed, input, integers, normalAxis, type ShapeRule } from './context.ts';

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

/** The last axis of the indices names a place in the axes after the batch ones. */
const gatherND: ShapeRule = (c) => {
  const x = input(c, 0);
  const indices = input(c, 1).shape;
  const batch = intAttribute(c.attributes, 'batch_dims', 0);
  const depth = fixed(c, indices.at(-1), 'depth of the indices');
  return [{ dtype: x.dtype, shape: [...indices.slice(0, -1), ...x.shape.slice(batch + depth)] }];
};

const gridSample: ShapeRule = (c) => {
  const x = input(c, 0);
  return [{ dtype: x.dtype, shape: [...x.shape.slice(0, 2), ...input(c, 1).shape.slice(1, -1)] }];
};

const roiAlign: ShapeRule = (c) => {
  const x = input(c, 0);
  const [height, width] = ['output_height', 'output_width'].map((name) =>
    intAttribute(c.attributes, name, 1),
  );
  return [{ dtype: x.dtype, shape: [input(c, 1).shape[0]!, x.shape[1]!, height!, width!] }];
};

const oneHot: ShapeRule = (c) => {
  const indices = input(c, 0).shape;
  const axis = normalAxis(intAttribute(c.attributes, 'axis', -1), indices.length + 1);
  const depth = Number(constantInput(c, 1).data[0]);
  return [{ dtype: input(c, 2).dtype, shape: [...indices.slice(0, axis), depth, ...indices.slice(axis)] }];
};

export const INDEXING_RULES: Readonly<Record<string, ShapeRule>> = {
  Gather: gather,
  GatherElements: (c) => [{ dtype: input(c, 0).dtype, shape: input(c, 1).shape }],
  GatherND: gatherND,
  GridSample: gridSample,
  OneHot: oneHot,
  RoiAlign: roiAlign,
  TopK: topK,
};
