/** What the losses share: graph inputs beside an output, and means over all elements. */
import { fail } from '../../errors.ts';
import { float32, type GraphBuilder } from '../../onnx/graph-builder.ts';
import { type Arithmetic, staticShape } from '../arithmetic.ts';

/** @throws SHAPE: the output that a loss was given is not what it takes */
export const axisProblem = (loss: string, output: string, shape: readonly number[], reason: string): never =>
  fail('SHAPE', { layer: output, operator: loss, reason: `[${shape.join(', ')}] ${reason}` });

export const axesOf = (shape: readonly number[]): readonly number[] => shape.map((_, i) => i);

/** Mean over all elements: a scalar. */
export function meanOfAll(m: Arithmetic, value: string): string {
  const shape = staticShape(m.g.shape(value));
  return shape.length === 0 ? value : m.mean(value, axesOf(shape), false);
}

/** Sum over all elements: a scalar. */
export function sumOfAll(m: Arithmetic, value: string): string {
  return m.sum(value, axesOf(staticShape(m.g.shape(value))), false);
}

/** A float32 graph input shaped like a value. */
export const inputLike = (m: Arithmetic, name: string, value: string): string =>
  m.g.input(name, 'float32', staticShape(m.g.shape(value)));

/** A vector of classes laid along axis 1 of a value of rank `rank`. */
export const alongClasses = (g: GraphBuilder, values: readonly number[], rank: number): string =>
  g.constant(float32(values, [1, values.length, ...new Array<number>(rank - 2).fill(1)]));

export const asFloat = (m: Arithmetic, value: string): string =>
  m.g.op('Cast', [value], { to: { type: 'int', value: 1 } });

/** log(1 + eˣ), which neither overflows nor loses its slope. */
export const softplus = (m: Arithmetic, x: string): string => m.g.op('Softplus', [x]);
