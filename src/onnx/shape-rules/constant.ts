/** Constants, and conversions of the element type. */
import { intAttribute } from '../attributes.ts';
import { ONNX_TYPE } from '../element-type.ts';
import type { DataType } from '../model.ts';
import { constantInput, input, integers, problem, type ShapeRule } from './context.ts';

const cast: ShapeRule = (c) => {
  const to = intAttribute(c.attributes, 'to', 1);
  const dtype =
    (Object.keys(ONNX_TYPE) as DataType[]).find((t) => ONNX_TYPE[t] === to) ??
    problem(c, `unknown type ${to}`);
  return [{ dtype, shape: input(c, 0).shape }];
};

/** The zero point's type decides; without one, uint8. */
const quantizeLinear: ShapeRule = (c) => [{ dtype: c.inputs[2]?.dtype ?? 'uint8', shape: input(c, 0).shape }];
const dequantizeLinear: ShapeRule = (c) => [{ dtype: input(c, 1).dtype, shape: input(c, 0).shape }];

const constantOfShape: ShapeRule = (c) => {
  const value = c.attributes.value;
  return [{ dtype: value?.type === 'tensor' ? value.value.dtype : 'float32', shape: integers(c, 0) }];
};

/** From `start` to before `end` (opset 15), all axes by default. */
const shapeOf: ShapeRule = (c) => {
  const rank = input(c, 0).shape.length;
  const axes = Array.from({ length: rank }, (_, i) => i);
  const start = intAttribute(c.attributes, 'start', 0);
  return [{ dtype: 'int64', shape: [axes.slice(start, intAttribute(c.attributes, 'end', rank)).length] }];
};

const range: ShapeRule = (c) => {
  const [start, limit, delta] = [0, 1, 2].map((i) => Number(constantInput(c, i).data[0]));
  return [{ dtype: input(c, 0).dtype, shape: [Math.max(0, Math.ceil((limit! - start!) / delta!))] }];
};

export const CONSTANT_RULES: Readonly<Record<string, ShapeRule>> = {
  Cast: cast,
  QuantizeLinear: quantizeLinear,
  DequantizeLinear: dequantizeLinear,
  Shape: shapeOf,
  Size: () => [{ dtype: 'int64', shape: [] }],
  Range: range,
  ConstantOfShape: constantOfShape,
  Constant: (c) => {
    const value = c.attributes.value;
    if (value?.type !== 'tensor') return problem(c, 'only tensor constants are handled');
    return [{ dtype: value.value.dtype, shape: value.value.shape }];
  },
};
