/** Values of element-wise operators on constants, as far as exporters compute shapes, indices and masks with them. */
import { intAttribute } from '../attributes.ts';
import type { DataType, Tensor } from '../model.ts';
import { TENSOR_ARRAYS } from '../tensor-arrays.ts';
import { type Fold, indexInto, isInteger } from './fold-context.ts';

/** The largest int64; "to the end" in bounds of slices. */
const LARGEST = 2n ** 63n - 1n;

/** Numbers as elements of a type; integers are cut off towards zero, as ONNX's Cast does. */
export function tensorOf(dtype: DataType, shape: readonly number[], values: readonly number[]): Tensor {
  const data = new TENSOR_ARRAYS[dtype](values.length);
  values.forEach((value, i) => {
    if (data instanceof BigInt64Array)
      data[i] = value >= Number(LARGEST) ? LARGEST : BigInt(Math.trunc(value));
    else data[i] = dtype === 'bool' ? Number(value !== 0) : isInteger(dtype) ? Math.trunc(value) : value;
  });
  return { dtype, shape, data };
}

/** Broadcasts the inputs and computes element by element. */
const elementwise =
  (compute: (values: readonly number[], integer: boolean) => number): Fold =>
  (c) => {
    const { dtype, shape } = c.output;
    const read = c.inputs.map((tensor) => tensor && indexInto(tensor, shape));
    const integer = isInteger(c.inputs[0]!.dtype);
    const size = shape.reduce((a, b) => a * b, 1);
    const values = Array.from({ length: size }, (_, i) =>
      compute(
        read.map((r) => (r ? r(i) : Number.NaN)),
        integer,
      ),
    );
    return tensorOf(dtype, shape, values);
  };

const unary = (compute: (x: number) => number): Fold => elementwise(([x]) => compute(x!));
const binary = (compute: (a: number, b: number) => number): Fold =>
  elementwise((values) => values.reduce((a, b) => compute(a, b)));
const predicate = (holds: (a: number, b: number) => boolean): Fold =>
  elementwise(([a, b]) => Number(holds(a!, b!)));

/** Integers: the sign of the divisor (ONNX Mod), or of the dividend with `fmod`. */
const mod: Fold = (c) => {
  const fmod = intAttribute(c.node.attributes, 'fmod', 0) === 1;
  return binary((a, b) => (fmod ? a % b : a - Math.floor(a / b) * b))(c);
};

/** ONNX rounds halves to even. */
function roundHalfEven(x: number): number {
  const floor = Math.floor(x);
  if (x - floor !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
}

export const ELEMENTWISE_FOLDS: Readonly<Record<string, Fold>> = {
  Add: binary((a, b) => a + b),
  Sub: binary((a, b) => a - b),
  Mul: binary((a, b) => a * b),
  Div: elementwise(([a, b], integer) => (integer ? Math.trunc(a! / b!) : a! / b!)),
  Mod: mod,
  Pow: binary((a, b) => a ** b),
  Min: binary(Math.min),
  Max: binary(Math.max),
  Neg: unary((x) => -x),
  Abs: unary(Math.abs),
  Sign: unary(Math.sign),
  Floor: unary(Math.floor),
  Ceil: unary(Math.ceil),
  Round: unary(roundHalfEven),
  Sqrt: unary(Math.sqrt),
  Exp: unary(Math.exp),
  Log: unary(Math.log),
  Reciprocal: unary((x) => 1 / x),
  Identity: unary((x) => x),
  Cast: unary((x) => x),
  Not: unary((x) => 1 - x),
  Equal: predicate((a, b) => a === b),
  Greater: predicate((a, b) => a > b),
  GreaterOrEqual: predicate((a, b) => a >= b),
  Less: predicate((a, b) => a < b),
  LessOrEqual: predicate((a, b) => a <= b),
  And: predicate((a, b) => a !== 0 && b !== 0),
  Or: predicate((a, b) => a !== 0 || b !== 0),
  Xor: predicate((a, b) => (a !== 0) !== (b !== 0)),
  Where: elementwise(([condition, a, b]) => (condition ? a! : b!)),
};
