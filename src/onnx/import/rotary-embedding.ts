/** RotaryEmbedding of operator set 23 and later in its parts (Su et al. 2021). */
import { intAttribute } from '../attributes.ts';
import { int, int64, ints } from '../graph-builder.ts';
import { headsApart } from './attention.ts';
import { fixedSizes, partList } from './part-list.ts';
import type { Upgrade } from './upgrades.ts';

/**
 * Pairs of the first numbers of each head are turned by angles whose cosines and sines are inputs: by place and batch, or
 * tables that the positions index. As it is where sizes are not known.
 */
export const rotaryEmbedding: Upgrade = (context) => {
  const { node, define } = context;
  const [x, cosines, sines, positions] = node.inputs as [string, string, string, string?];
  const size = fixedSizes(context, x);
  if (size === null) return [node];
  const isFlat = size.length === 3;
  const heads = isFlat ? intAttribute(node.attributes, 'num_heads', 0) : size[1]!;
  if (!(heads > 0)) return [node];
  const parts = partList(context);
  const apart = isFlat ? headsApart(parts, x, size, heads) : { value: x, size };
  const [batch, , length, width] = apart.size as [number, number, number, number];
  const turned = intAttribute(node.attributes, 'rotary_embedding_dim', 0) || width;
  const half = turned / 2;
  const isInterleaved = intAttribute(node.attributes, 'interleaved', 0) === 1;

  /** [batch, 1, length, half], the same for all heads. */
  const angles = (table: string): string => {
    const own = positions ? parts.emit('Gather', [table, positions], { axis: int(0) }) : table;
    return parts.reshape(own, [batch, 1, length, half]);
  };
  const split = (value: string, sizes: readonly number[]): readonly [string, string] => {
    const begin = [0, sizes[0]!];
    const [a, b] = begin.map((from, i) =>
      parts.emit('Slice', [
        value,
        define(int64([from])),
        define(int64([from + sizes[i]!])),
        define(int64([-1])),
      ]),
    );
    return [a!, b!];
  };
  const [rotary, rest] =
    turned === width ? [apart.value, null] : split(apart.value, [turned, width - turned]);
  const grid = [batch, heads, length];
  /** Pairs side by side and all firsts before all seconds, one from the other. */
  const swapped = (value: string, shape: readonly number[]): string => {
    const turnedRound = parts.emit('Transpose', [parts.reshape(value, [...grid, ...shape])], {
      perm: ints([0, 1, 2, 4, 3]),
    });
    return parts.reshape(turnedRound, [...grid, turned]);
  };
  const [first, second] = split(isInterleaved ? swapped(rotary, [half, 2]) : rotary, [half, half]);
  const [cos, sin] = [angles(cosines), angles(sines)];
  const product = (a: string, b: string): string => parts.emit('Mul', [a, b]);
  const real = parts.emit('Sub', [product(cos, first), product(sin, second)]);
  const imaginary = parts.emit('Add', [product(sin, first), product(cos, second)]);
  const joined = parts.emit('Concat', [real, imaginary], { axis: int(-1) });
  const inOrder = isInterleaved ? swapped(joined, [2, half]) : joined;
  const whole = rest === null ? inOrder : parts.emit('Concat', [inOrder, rest], { axis: int(-1) });
  const output = node.outputs[0]!;
  const back = isFlat ? parts.emit('Transpose', [whole], { perm: ints([0, 2, 1, 3]) }) : whole;
  parts.reshape(back, size, output);
  return parts.nodes;
};
