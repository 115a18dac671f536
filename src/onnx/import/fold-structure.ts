/** Values of operators that move elements of constants about, and of those that make constants. */
import { intAttribute, intsAttribute } from '../attributes.ts';
import type { Tensor } from '../model.ts';
import { sliceRange } from '../slice-range.ts';
import { TENSOR_ARRAYS } from '../tensor-arrays.ts';
import { coordinates, type Fold, type FoldContext, indexInto, numbers, stridesOf } from './fold-context.ts';
import { tensorOf } from './fold-elementwise.ts';

const normalAxis = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis);
const size = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** Every element of the output is the one of `source` at the coordinates that `from` says. */
function moved(
  { output: { dtype, shape } }: FoldContext,
  source: Tensor,
  from: (at: readonly number[]) => readonly number[],
): Tensor {
  const strides = stridesOf(source.shape);
  const data = new TENSOR_ARRAYS[dtype](size(shape));
  for (let i = 0; i < data.length; i++) {
    const place = from(coordinates(shape, i)).reduce((sum, p, axis) => sum + p * strides[axis]!, 0);
    data[i] = source.data[place]!;
  }
  return { dtype, shape, data };
}

/** The same elements in the same order under another shape. */
const reshaped: Fold = (c) => ({ ...c.inputs[0]!, shape: c.output.shape });

const concat: Fold = (c) => {
  const parts = c.inputs as readonly Tensor[];
  const axis = normalAxis(intAttribute(c.node.attributes, 'axis', 0), parts[0]!.shape.length);
  const { dtype, shape } = c.output;
  const rows = size(shape.slice(0, axis));
  const data = new TENSOR_ARRAYS[dtype](size(shape));
  let at = 0;
  for (let row = 0; row < rows; row++)
    for (const part of parts) {
      const span = part.data.length / rows;
      for (let i = 0; i < span; i++) data[at++] = part.data[row * span + i]!;
    }
  return { dtype, shape, data };
};

const gather: Fold = (c) => {
  const [x, indices] = c.inputs as readonly [Tensor, Tensor];
  const axis = normalAxis(intAttribute(c.node.attributes, 'axis', 0), x.shape.length);
  const rank = indices.shape.length;
  const strides = stridesOf(indices.shape);
  return moved(c, x, (at) => {
    const place = at.slice(axis, axis + rank).reduce((sum, p, i) => sum + p * strides[i]!, 0);
    const index = normalAxis(Number(indices.data[place]), x.shape[axis]!);
    return [...at.slice(0, axis), index, ...at.slice(axis + rank)];
  });
};

const slice: Fold = (c) => {
  const [x, starts, ends, axes, steps] = c.inputs.map((t) => t && numbers(t));
  const source = c.inputs[0]!;
  if (!x || !starts || !ends) return null;
  const ranges = new Map(
    starts.map((start, i) => {
      const axis = normalAxis(axes?.[i] ?? i, source.shape.length);
      return [axis, sliceRange(source.shape[axis]!, start, ends[i]!, steps?.[i] ?? 1)];
    }),
  );
  return moved(c, source, (at) =>
    at.map((p, axis) => {
      const range = ranges.get(axis);
      return range ? range.from + p * range.step : p;
    }),
  );
};

const transpose: Fold = (c) => {
  const source = c.inputs[0]!;
  const perm = intsAttribute(c.node.attributes, 'perm') ?? source.shape.map((_, i) => i).reverse();
  return moved(c, source, (at) => source.shape.map((_, axis) => at[perm.indexOf(axis)]!));
};

const expand: Fold = (c) => {
  const { dtype, shape } = c.output;
  const read = indexInto(c.inputs[0]!, shape);
  return tensorOf(
    dtype,
    shape,
    Array.from({ length: size(shape) }, (_, i) => read(i)),
  );
};

const constantOfShape: Fold = (c) => {
  const value = c.node.attributes.value;
  const fill = value?.type === 'tensor' ? Number(value.value.data[0]) : 0;
  const { dtype, shape } = c.output;
  return tensorOf(dtype, shape, new Array<number>(size(shape)).fill(fill));
};

const range: Fold = (c) => {
  const [start, , delta] = c.inputs.map((t) => Number(t!.data[0]));
  const { dtype, shape } = c.output;
  return tensorOf(
    dtype,
    shape,
    Array.from({ length: size(shape) }, (_, i) => start! + i * delta!),
  );
};

/** Elements on one side of a diagonal, the others zero; masks of attention are made of it. */
const trilu: Fold = (c) => {
  const [x, k] = c.inputs as readonly [Tensor, Tensor?];
  const upper = intAttribute(c.node.attributes, 'upper', 1) === 1;
  const offset = k ? Number(k.data[0]) : 0;
  const values = numbers(x).map((value, i) => {
    const [row, column] = coordinates(x.shape, i).slice(-2) as [number, number];
    return (upper ? column - row >= offset : column - row <= offset) ? value : 0;
  });
  return tensorOf(x.dtype, x.shape, values);
};

const reduce =
  (combine: (a: number, b: number) => number): Fold =>
  (c) => {
    const x = c.inputs[0]!;
    const listed = c.inputs[1] ? numbers(c.inputs[1]) : intsAttribute(c.node.attributes, 'axes');
    const rank = x.shape.length;
    const none = listed === null || listed.length === 0;
    if (none && intAttribute(c.node.attributes, 'noop_with_empty_axes', 0) === 1) return x;
    const axes = none ? x.shape.map((_, i) => i) : listed.map((a) => normalAxis(a, rank));
    const kept = x.shape.map((d, i) => (axes.includes(i) ? 1 : d));
    const strides = stridesOf(kept);
    const totals: number[] = [];
    numbers(x).forEach((value, i) => {
      const at = coordinates(x.shape, i);
      const place = at.reduce((sum, p, axis) => sum + (axes.includes(axis) ? 0 : p * strides[axis]!), 0);
      totals[place] = totals[place] === undefined ? value : combine(totals[place], value);
    });
    return totals.length === size(c.output.shape) ? tensorOf(x.dtype, c.output.shape, totals) : null;
  };

export const STRUCTURE_FOLDS: Readonly<Record<string, Fold>> = {
  Reshape: reshaped,
  Flatten: reshaped,
  Squeeze: reshaped,
  Unsqueeze: reshaped,
  Concat: concat,
  Gather: gather,
  Slice: slice,
  Transpose: transpose,
  Expand: expand,
  ConstantOfShape: constantOfShape,
  Range: range,
  Trilu: trilu,
  ReduceProd: reduce((a, b) => a * b),
  ReduceSum: reduce((a, b) => a + b),
  ReduceMin: reduce(Math.min),
  ReduceMax: reduce(Math.max),
};
