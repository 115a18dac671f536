/** What the evaluation of a node on constants is written in. */
import { isFloat } from '../element-type.ts';
import type { DataType, OnnxNode, Tensor } from '../model.ts';

export interface FoldContext {
  readonly node: OnnxNode;
  /** Values of the inputs in order; null for absent ones. */
  readonly inputs: readonly (Tensor | null)[];
  /** Type of output 0, as its shape rule gives it. */
  readonly output: { readonly dtype: DataType; readonly shape: readonly number[] };
}

/** The value of output 0, or null when it is better left to the engine. */
export type Fold = (context: FoldContext) => Tensor | null;

export const isInteger = (dtype: DataType): boolean => !isFloat(dtype);

/** The elements as numbers. Integers beyond 2^53 lose precision; shapes and indices are smaller. */
export const numbers = (tensor: Tensor): number[] =>
  Array.from(tensor.data as ArrayLike<number | bigint>, Number);

/** Distance in memory between neighbours along each axis. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = shape.map(() => 1);
  for (let i = shape.length - 2; i >= 0; i--) strides[i] = strides[i + 1]! * shape[i + 1]!;
  return strides;
}

/** Coordinates of the element at a place in memory. */
export function coordinates(shape: readonly number[], place: number): number[] {
  return stridesOf(shape).map((stride, axis) => Math.floor(place / stride) % shape[axis]!);
}

/** Reads a tensor broadcast to `shape`, by place in the memory of the broadcast one. */
export function indexInto(tensor: Tensor, shape: readonly number[]): (place: number) => number {
  const strides = stridesOf(tensor.shape);
  const lead = shape.length - tensor.shape.length;
  return (place) => {
    const at = coordinates(shape, place).slice(lead);
    return Number(
      tensor.data[at.reduce((sum, p, i) => sum + (tensor.shape[i] === 1 ? 0 : p * strides[i]!), 0)],
    );
  };
}
