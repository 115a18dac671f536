/** What random cases are drawn with. */
import { type GraphBuilder, int64 } from '../../../onnx/graph-builder.ts';
import type { Random } from '../../../random.ts';
import type { OperatorCase } from '../operator-case.ts';

export type Draw = (random: Random) => OperatorCase;
export type Shape = readonly number[];

export const sizes = (random: Random, rank: number, largest = 4): number[] =>
  Array.from({ length: rank }, () => 1 + random.int(largest));
export const shuffled = (random: Random, rank: number): number[] => {
  const rest = Array.from({ length: rank }, (_, i) => i);
  return Array.from({ length: rank }, () => rest.splice(random.int(rest.length), 1)[0]!);
};
export const some = (random: Random, rank: number): number[] =>
  shuffled(random, rank)
    .slice(0, 1 + random.int(rank))
    .sort((a, b) => a - b);
export const list = (g: GraphBuilder, ...values: number[]): string => g.constant(int64(values));
export const python = (values: readonly number[]): string => `(${values.map((v) => `${v},`).join('')})`;

/** The shape, or one that broadcasts to it: axes of one element, leading axes left out. */
export const broadcastable = (random: Random, shape: Shape): number[] =>
  shape.slice(random.int(shape.length + 1)).map((d) => (random.int(3) === 0 ? 1 : d));
