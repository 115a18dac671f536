/** What random cases are drawn with. */
import { type GraphBuilder, int64 } from '../../../onnx/graph-builder.ts';
import type { Random } from '../../../random.ts';
import type { OperatorCase } from '../operator-case.ts';

/** @param round 0, 1, …: how often this one was drawn before, so that kinds of shapes come in turn */
export type Draw = (random: Random, round: number) => OperatorCase;
export type Shape = readonly number[];

/** A draw for every row of a table. */
export const ofEach = <Name extends string, Row>(
  table: Readonly<Record<Name, Row>>,
  draw: (name: Name, row: Row) => Draw,
): readonly Draw[] => (Object.keys(table) as Name[]).map((name) => draw(name, table[name]));

export const sizes = (random: Random, rank: number, largest = 4): number[] =>
  Array.from({ length: rank }, () => 1 + random.int(largest));
/** Channels that are whole blocks of 8 and of 16, such that only zeros beside them make blocks, or either. */
const CHANNELS = { whole: [16, 32], filled: [20, 24], any: [8, 16, 20, 24] } as const;
export const image = (
  random: Random,
  kind: keyof typeof CHANNELS = 'any',
): [number, number, number, number] => [
  1 + random.int(2),
  random.pick(CHANNELS[kind]),
  2 + random.int(3),
  2 + random.int(3),
];
/** Any shape, an image of whole blocks, an image that fills its blocks up, in turn. */
export const anyOrImage = (random: Random, round: number, rank: number): number[] =>
  round % 3 === 0 ? sizes(random, rank) : image(random, round % 3 === 1 ? 'whole' : 'filled');
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
export const flag = (on: boolean | number): string => (on ? 'True' : 'False');
export const size = (shape: Shape): number => shape.reduce((a, b) => a * b, 1);
/** `[2,3] [3]` */
export const named = (shapes: readonly Shape[]): string => shapes.map((s) => `[${s}]`).join(' ');

/** The shape, or one that broadcasts to it: axes of one element, leading axes left out. */
export const broadcastable = (random: Random, shape: Shape): number[] =>
  shape.slice(random.int(shape.length + 1)).map((d) => (random.int(3) === 0 ? 1 : d));

/** Two shapes of which each is spread over axes of the other. */
export function mutual(random: Random, shape: Shape): [number[], number[]] {
  const first = shape.map(() => random.int(2) === 0);
  first[0] = true;
  if (shape.length > 1) first[1] = false;
  return [shape.map((d, i) => (first[i] ? d : 1)), shape.map((d, i) => (first[i] ? 1 : d))];
}

/** Few values, so that many are equal. */
export const tied = (random: Random): number => random.int(3) - 1;
export const positive = (random: Random): number => 0.3 + 2 * random.next();

/** Of both axes of an image, or of all three of a volume, each drawn anew. */
export const twice = (draw: () => number): [number, number] => [draw(), draw()];
export const thrice = (draw: () => number): [number, number, number] => [draw(), draw(), draw()];
