/** Convolution and pooling. */
import { intAttribute, intsAttribute, stringAttribute } from '../attributes.ts';
import {
  type Dim,
  fixed,
  input,
  problem,
  type Shape,
  type ShapeContext,
  type ShapeRule,
  table,
  type ValueType,
} from './context.ts';

/** Output size of a sliding window; ONNX Conv and pools. */
function windowed(c: ShapeContext, kernel: readonly number[], spatial: Shape): Dim[] {
  const rank = spatial.length;
  const strides = intsAttribute(c.attributes, 'strides') ?? kernel.map(() => 1);
  const dilations = intsAttribute(c.attributes, 'dilations') ?? kernel.map(() => 1);
  const pads = intsAttribute(c.attributes, 'pads') ?? kernel.flatMap(() => [0, 0]);
  const autoPad = stringAttribute(c.attributes, 'auto_pad', 'NOTSET');
  const ceil = intAttribute(c.attributes, 'ceil_mode', 0) === 1;
  return spatial.map((dim, i) => {
    if (typeof dim === 'string') return dim;
    if (autoPad.startsWith('SAME')) return Math.ceil(dim / strides[i]!);
    const span = (kernel[i]! - 1) * dilations[i]! + 1;
    const room = dim + pads[i]! + pads[i + rank]! - span;
    if (room < 0)
      return problem(c, `window of ${span} does not fit into ${dim} with padding ${pads.join(',')}`);
    const count = (ceil ? Math.ceil(room / strides[i]!) : Math.floor(room / strides[i]!)) + 1;
    // A window that starts behind the image would see nothing but padding.
    return ceil && (count - 1) * strides[i]! >= dim + pads[i]! ? count - 1 : count;
  });
}

const conv: ShapeRule = (c) => {
  const x = input(c, 0);
  const w = input(c, 1);
  if (x.shape.length !== w.shape.length) problem(c, 'image and kernel differ in rank');
  const group = intAttribute(c.attributes, 'group', 1);
  const channels = x.shape[1]!;
  const perGroup = w.shape[1]!;
  if (typeof channels === 'number' && typeof perGroup === 'number' && channels !== perGroup * group) {
    problem(c, `${channels} input channels do not match kernel channels ${perGroup} × ${group} groups`);
  }
  const kernel = w.shape.slice(2).map((d) => fixed(c, d, 'kernel size'));
  return [{ dtype: x.dtype, shape: [x.shape[0]!, w.shape[0]!, ...windowed(c, kernel, x.shape.slice(2))] }];
};

const convTranspose: ShapeRule = (c) => {
  const x = input(c, 0);
  const w = input(c, 1);
  const group = intAttribute(c.attributes, 'group', 1);
  const kernel = w.shape.slice(2).map((d) => fixed(c, d, 'kernel size'));
  const rank = kernel.length;
  const strides = intsAttribute(c.attributes, 'strides') ?? kernel.map(() => 1);
  const dilations = intsAttribute(c.attributes, 'dilations') ?? kernel.map(() => 1);
  const pads = intsAttribute(c.attributes, 'pads') ?? kernel.flatMap(() => [0, 0]);
  const extra = intsAttribute(c.attributes, 'output_padding') ?? kernel.map(() => 0);
  const given = intsAttribute(c.attributes, 'output_shape');
  const isSame = stringAttribute(c.attributes, 'auto_pad', 'NOTSET').startsWith('SAME');
  const spatial = x.shape.slice(2).map((dim, i) => {
    if (given) return given.at(i - rank)!;
    const size = fixed(c, dim, 'image size');
    if (isSame) return size * strides[i]!;
    return (
      strides[i]! * (size - 1) + extra[i]! + (kernel[i]! - 1) * dilations[i]! + 1 - pads[i]! - pads[i + rank]!
    );
  });
  return [{ dtype: x.dtype, shape: [x.shape[0]!, fixed(c, w.shape[1], 'kernel') * group, ...spatial] }];
};

const pool: ShapeRule = (c) => {
  const x = input(c, 0);
  const kernel = intsAttribute(c.attributes, 'kernel_shape') ?? problem(c, 'kernel_shape is missing');
  const shape = [x.shape[0]!, x.shape[1]!, ...windowed(c, kernel, x.shape.slice(2))];
  const values: ValueType[] = [{ dtype: x.dtype, shape }];
  if (c.outputCount > 1) values.push({ dtype: 'int64', shape });
  return values;
};

const globalPool: ShapeRule = (c) => {
  const x = input(c, 0);
  return [{ dtype: x.dtype, shape: [x.shape[0]!, x.shape[1]!, ...x.shape.slice(2).map(() => 1)] }];
};

export const WINDOW_RULES: Readonly<Record<string, ShapeRule>> = {
  ...table(pool, ['MaxPool', 'AveragePool']),
  ...table(globalPool, ['GlobalAveragePool', 'GlobalMaxPool']),
  Conv: conv,
  ConvTranspose: convTranspose,
};
