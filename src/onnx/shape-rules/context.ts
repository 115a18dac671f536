/** What shape rules are written in. */
import { fail } from '../../errors.ts';
import type { Attributes, DataType, Tensor } from '../model.ts';

/** Length of an axis; a string where it is symbolic. */
export type Dim = number | string;
/** Length of each axis, outermost first; [] for a scalar. */
export type Shape = readonly Dim[];

/** What is known of a value before the graph runs. */
export interface ValueType {
  /** Element type. */
  readonly dtype: DataType;
  /** Length of each axis. */
  readonly shape: Shape;
}

/** What a rule may ask about the node. */
export interface ShapeContext {
  readonly op: string;
  readonly name: string;
  readonly inputs: readonly (ValueType | null)[];
  readonly attributes: Attributes;
  /** The value of a constant input, or null when it is not constant. */
  readonly constant: (index: number) => Tensor | null;
  readonly outputCount: number;
}

/** The types of all outputs. */
export type ShapeRule = (context: ShapeContext) => readonly ValueType[];

export function problem(context: ShapeContext, reason: string): never {
  const shapes = context.inputs.map((i) => (i ? `[${i.shape.join(',')}]` : '-')).join(' ');
  return fail('SHAPE', { layer: context.name, operator: context.op, reason: `${reason} (inputs ${shapes})` });
}
export function input(context: ShapeContext, index: number): ValueType {
  return context.inputs[index] ?? problem(context, `input ${index} is missing`);
}
export function fixed(context: ShapeContext, dim: Dim | undefined, what: string): number {
  return typeof dim === 'number' ? dim : problem(context, `${what} must be known, it is ${dim}`);
}
export function constantInput(context: ShapeContext, index: number): Tensor {
  return context.constant(index) ?? problem(context, `input ${index} must be a constant`);
}
/** An int64 constant input as numbers. */
export function integers(context: ShapeContext, index: number): readonly number[] {
  return Array.from(constantInput(context, index).data as ArrayLike<number | bigint>, Number);
}
export function normalAxis(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}

/** Numpy broadcasting of two or more shapes; null when they do not fit. */
export function broadcast(...shapes: readonly Shape[]): Shape | null {
  const rank = Math.max(...shapes.map((s) => s.length));
  const result: Dim[] = [];
  for (let i = 0; i < rank; i++) {
    let dim: Dim = 1;
    for (const shape of shapes) {
      const at = i - (rank - shape.length);
      const other = at < 0 ? 1 : shape[at]!;
      if (other === 1 || other === dim) continue;
      if (dim !== 1) return null;
      dim = other;
    }
    result.push(dim);
  }
  return result;
}

/** A row of the table for each operator that follows the same rule. */
export const table = (rule: ShapeRule, ops: readonly string[]): Record<string, ShapeRule> =>
  Object.fromEntries(ops.map((op) => [op, rule]));
